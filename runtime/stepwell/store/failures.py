"""What a store's failures are called: one line each, whatever raised them."""

from __future__ import annotations

from stepwell.errors import AlreadyExists, NotAllowed, NotFound, StoreError


def missing(what: str) -> NotFound:
    return NotFound(f"{what}: there is no such object; list the datastore to see what is there")


def taken(what: str) -> AlreadyExists:
    return AlreadyExists(f"{what}: the key is taken, and is written once only; use another key")


def forbidden(what: str, received: str) -> NotAllowed:
    way_out = "check which role or user this is, and that its namespace is the one of the key"
    return NotAllowed(f"{what}: received {received}; {way_out}")


def refused(what: str, received: str, way_out: str) -> StoreError:
    return StoreError(f"{what}: received {received}; {way_out}")

"""Where a command of ``stepwell`` looks: ``--namespace`` and ``--datastore``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from stepwell import config
from stepwell.cli.options import namespace_option

if TYPE_CHECKING:
    from stepwell.datastore import Datastore


def place_options() -> list[click.Option]:
    """The options; `place` takes the value of ``datastore``."""
    return [
        namespace_option(),
        click.Option(
            ["--datastore"],
            metavar="WHERE",
            help="Where to look: 'local' (the folder .stepwell), 's3' (the environment's bucket), a folder, "
            "or s3://BUCKET.  [default: $STEPWELL_DATASTORE, or local]",
        ),
    ]


def place(datastore: str | None) -> Datastore:
    """The namespace that the options name, in the datastore that they name."""
    from stepwell.datastore import Datastore
    from stepwell.location import datastore_url
    from stepwell.store.opening import open_store

    return Datastore(open_store(datastore_url(datastore)), config.namespace())

"""What answers a request: the page and its files, and JSON of what the datastore has."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from functools import cache
from http import HTTPStatus
from importlib.resources import files
from typing import Any

from stepwell.errors import NoSuchObject, NotAllowed, NotFound, StepwellError, UsageError
from stepwell.ui.server import Response

Query = Mapping[str, str]
View = Callable[[Query], Any]
"""Makes of a query what JSON holds."""

_TYPES = {
    ".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
}  # fmt: skip
_PAGE = "page.html"


class Routes:
    """Answers by a request's path: none is the page, ``static/NAME`` a file of it, ``api/NAME`` a view."""

    def __init__(self, views: Mapping[str, View]) -> None:
        self._views = views

    def __call__(self, path: str, query: dict[str, str]) -> Response:
        folder, _, name = path.partition("/")
        if not path:
            return static_files()[_PAGE]
        if folder == "static" and name in static_files():
            return static_files()[name]
        if folder == "api" and name in self._views:
            return _answered(self._views[name], query)
        return _told(HTTPStatus.NOT_FOUND, "there is no such page")


@cache
def static_files() -> dict[str, Response]:
    """The files of the page, by name."""
    return {
        file.name: Response(file.read_bytes(), _TYPES[file.name[file.name.rindex(".") :]])
        for file in files("stepwell.ui").joinpath("static").iterdir()
    }


def _answered(view: View, query: dict[str, str]) -> Response:
    try:
        body = json.dumps(view(query), ensure_ascii=False, separators=(",", ":"))
        # a lone surrogate in what a task has printed or named is no reason to show nothing
        return Response(body.encode(errors="backslashreplace"), "application/json")
    except (NoSuchObject, NotFound) as error:
        return _told(HTTPStatus.NOT_FOUND, str(error))
    except UsageError as error:
        return _told(HTTPStatus.BAD_REQUEST, str(error))
    except NotAllowed as error:
        return _told(HTTPStatus.BAD_GATEWAY, str(error))
    except StepwellError as error:
        return _told(HTTPStatus.BAD_GATEWAY, str(error))
    except Exception as error:
        print(f"Error: {type(error).__name__}: {error}", file=sys.stderr)
        return _told(HTTPStatus.INTERNAL_SERVER_ERROR, f"{type(error).__name__}: {error}")


def _told(status: HTTPStatus, why: str) -> Response:
    return Response(json.dumps({"error": why}).encode(), "application/json", status)

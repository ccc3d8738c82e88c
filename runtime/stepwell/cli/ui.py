"""``stepwell ui``: runs in a browser."""

from __future__ import annotations

import sys
import webbrowser
from contextlib import suppress

import click

from stepwell.cli.place import place, place_options


@click.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    help="Where to listen; 0, the default, chooses a free one.",
)
@click.option("--browser/--no-browser", default=None, help="Open a browser.  [default: at a terminal]")
def ui(port: int, browser: bool | None, datastore: str | None) -> None:
    """Show runs in a browser: graphs, timelines, logs, artifacts and lineage.

    It serves this machine only, reads the datastore with your own rights, and writes nothing. The URL that it
    prints has a token, new each time: who has it can see what you can. Ctrl-C ends it.
    """
    from stepwell.production.status import why_it_is_over
    from stepwell.ui.place import Place
    from stepwell.ui.routes import Routes
    from stepwell.ui.server import Server
    from stepwell.ui.views import views

    where = place(datastore)
    server = Server(Routes(views(Place(where.store, where.namespace, why_it_is_over))), port)
    click.echo(f"Runs of {where.namespace} in {where.store.url}: {server.guard.url}\nCtrl-C ends it.")
    if browser or (browser is None and sys.stdout.isatty()):
        webbrowser.open(server.guard.url)
    with server, suppress(KeyboardInterrupt):
        server.serve_forever()


ui.params += place_options()

"""``stepwell replay``: a past run again, by its own code where that was kept."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import click

from stepwell.cli.place import place, place_options
from stepwell.errors import UsageError


@click.command()
@click.argument("run")
@click.option(
    "--file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The flow's file, where the run kept no code: it was run on a laptop.",
)
def replay(run: str, file: Path | None, datastore: str | None) -> None:
    """Run a past run again, with its parameters and on the snapshots of tables that it has read.

    RUN is Flow/run, or the run's id. It is run here, by the code that it was deployed with. What it writes to
    tables stays on the new run's branches.
    """
    from stepwell.client.code import Code
    from stepwell.client.runs import locate

    where = place(datastore)
    flow, id = locate(where, run)
    code = where.run_info(flow, id).code
    with tempfile.TemporaryDirectory(prefix="stepwell-") as folder:
        if file is None:
            if code is None:
                raise UsageError(
                    f"run {flow}/{id} was run from a file that was not kept; name it: "
                    f"stepwell replay {id} --file FILE"
                )
            file = _flow_file(Code(where, code).extract(folder), flow)
        command = [sys.executable, str(file), f"--datastore={where.store.url}", "replay", id]
        done = subprocess.run([*command, f"--namespace={where.namespace}"])
    sys.exit(done.returncode)


def _flow_file(folder: Path, flow: str) -> Path:
    found = [file for file in folder.glob("*.py") if f"class {flow}(" in file.read_text()]
    if not found:
        raise UsageError(f"the code of flow {flow} has no file that defines it; name one: --file")
    return found[0]


replay.params += place_options()

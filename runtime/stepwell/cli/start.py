"""Where a flow's process begins: its tasks' server is started first, the command line is read meanwhile."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stepwell.flow.spec import FlowSpec

RUNNING = frozenset({"run", "resume"})
"""The commands that start tasks. A value that is spelled so costs a server that nobody asks."""


def main(flow_class: type[FlowSpec]) -> None:
    """Run the command line of a flow; ends the process."""
    if RUNNING.intersection(sys.argv[1:]):
        from stepwell.execution.taskserver import start_ahead

        start_ahead(flow_class)
    from stepwell.cli.flow import main as command_line

    command_line(flow_class)

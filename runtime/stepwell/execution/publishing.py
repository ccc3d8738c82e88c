"""What a run has written to tables is published by its last step, just before that is done.

So a run that was successful has published, and one that was not has left nothing that others see.
"""

from __future__ import annotations

from stepwell.errors import NoSuchObject
from stepwell.flow.current import TaskContext


def publish(context: TaskContext) -> None:
    """Publish each table that the run has written, and say so.

    Raises:
        TableError: one can't be published; those before it are, and a resumed run goes on with the others.
    """
    datastore, flow, run = context.datastore, context.flow, context.run
    pins = datastore.table_pins(flow, run)
    tables = {table for table, pin in pins.items() if pin.written}
    tables |= {write["table"] for write in context.table_writes}
    if not tables:
        return
    branch = f"{flow}/{run}"
    try:
        publishes = datastore.run_info(flow, run).publishes
    except NoSuchObject:  # a task by itself, in a test
        publishes = True
    if not publishes:
        print(f"Not published, as this is no run of its own: {', '.join(sorted(tables))}, branch={branch!r}.")
        return
    from stepwell.tables import branches

    for table in sorted(tables):
        said = branches.publish(branch, table)
        if said:
            print(said, flush=True)

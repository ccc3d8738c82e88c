"""``@parallel``: the tasks of a step are the nodes of a gang."""

from __future__ import annotations

from typing import Any, ClassVar

from stepwell.flow.decorators.base import StepDecorator


class parallel(StepDecorator):
    """Run the tasks of the step at once, as nodes that know each other by ``current.parallel``.

    ``self.next(self.train, num_parallel=4)`` leads to it, and the step behind it joins the nodes. They
    succeed together: where one fails the others are ended, and `retry` starts all of them again. On a
    laptop they are processes, on Batch the nodes of one multi-node job.
    """

    name = "parallel"
    defaults: ClassVar[dict[str, Any]] = {}

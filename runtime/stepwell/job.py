"""``python -m stepwell.job``: the command of a Batch job's container."""

from __future__ import annotations

import os
import sys

from stepwell.errors import StepwellError
from stepwell.execution.job import run_job

if __name__ == "__main__":
    try:
        sys.exit(run_job(os.environ))
    except StepwellError as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)

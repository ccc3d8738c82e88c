"""AWS Step Functions: JSONata in state machines."""

from __future__ import annotations

import json
import sys
from typing import Any

from moto.stepfunctions.parser.asl.jsonata import jsonata as of_moto


def jsonata_is_evaluated() -> None:
    """moto evaluates JSONata in a Java machine that it has left out: every expression fails.

    AWS: Developer Guide, "Transforming data with JSONata in Step Functions".
    """
    limit = sys.getrecursionlimit()
    import jsonata

    jsonata.Jsonata("1")
    sys.setrecursionlimit(limit)  # which it raises for the whole process when it is first used

    def evaluate(expression: str) -> Any:
        try:
            found = jsonata.Jsonata(expression).evaluate(None)
        except Exception as error:  # whatever a state machine says, the state fails, not the cloud
            raise of_moto.JSONataException("UNKNOWN", str(error)) from error
        return json.loads(json.dumps(found))

    of_moto._eval_jsonata = evaluate


PATCHES = (jsonata_is_evaluated,)

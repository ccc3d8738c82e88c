"""Amazon Athena."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

from moto.athena.models import QueryResults
from moto.athena.responses import AthenaResponse

from stepwell.cloud.iam.requests import signature
from stepwell.cloud.identities import ADMINISTRATOR, Keys
from stepwell.cloud.jobs import LocalJob
from stepwell.cloud.patches.replacing import replaces


def queries_are_executed() -> None:
    """moto executes no query: each succeeds, without rows, and writes nothing.

    DuckDB executes it over the Iceberg tables of Glue (`stepwell.cloud.queries`), with the caller's keys.
    Results go where an enforced workgroup says, or where the caller does.
    AWS: API Reference, ``StartQueryExecution``, ``GetQueryExecution``, ``GetQueryResults``; User Guide,
    "UNLOAD", "Configure data usage controls": who reads more than the workgroup's limit is cancelled.
    """

    @replaces(AthenaResponse, "start_query_execution")
    def start_query_execution(original: Any, self: Any) -> Any:
        from stepwell.cloud.queries import Execution, TooMuch, Wrong, result_set

        group = self.athena_backend.work_groups.get(self._get_param("WorkGroup") or "primary")
        if group is None:
            return self.error("WorkGroup is not found.", 400)
        given = self._get_param("ResultConfiguration") or {}
        own = group.configuration.get("ResultConfiguration") or {}
        result = own if group.configuration["EnforceWorkGroupConfiguration"] else {**own, **given}
        if not result.get("OutputLocation"):
            return self.error("No output location provided.", 400)
        try:
            most = group.configuration.get("BytesScannedCutoffPerQuery")
            execution = Execution(self._get_param("QueryString"), "", most)
        except Wrong as error:
            return self.error(str(error), 400)
        answer = original(self)
        made = self.athena_backend.executions[json.loads(answer)["QueryExecutionId"]]
        made.workgroup, made.executed, made.reason = group, execution, None
        made.status, made._transitions = "RUNNING", []  # it is over when it is, not when it is asked for
        execution.output = f"{result['OutputLocation'].rstrip('/')}/{made.id}"
        made.config = {**result, "OutputLocation": f"{execution.output}.csv"}
        signed = signature({"HTTP_AUTHORIZATION": self.headers.get("Authorization", "")})
        keys = Keys(
            signed.key if signed else ADMINISTRATOR.key, "unchecked", self.headers.get("X-Amz-Security-Token")
        )

        def run() -> None:
            status = "SUCCEEDED"
            try:
                execution.run(keys, self.region, LocalJob.host.endpoint)
                if execution.rows is not None:
                    self.athena_backend.query_results[made.id] = QueryResults(*result_set(execution.rows))
            except TooMuch:
                status, made.reason = "CANCELLED", "Query cancelled! : Bytes scanned limit was exceeded"
            except Exception as error:
                status, made.reason = "FAILED", str(error)
            made.end_time = time.time()
            if made.status == "RUNNING":  # nobody has stopped it
                made.status = status

        threading.Thread(target=run, daemon=True).start()
        return answer

    @replaces(AthenaResponse, "get_query_execution")
    def get_query_execution(original: Any, self: Any) -> Any:
        made = self.athena_backend.executions.get(self._get_param("QueryExecutionId"))
        if made is None:
            return self.error(f"QueryExecution {self._get_param('QueryExecutionId')} was not found", 400)
        told = json.loads(original(self))
        execution = told["QueryExecution"]
        execution["Statistics"]["DataScannedInBytes"] = made.executed.scanned
        if made.reason:
            execution["Status"]["StateChangeReason"] = made.reason
        return json.dumps(told)


PATCHES = (queries_are_executed,)

"""Amazon CloudWatch Logs."""

from __future__ import annotations

from typing import Any

from moto.logs.models import LogGroup
from moto.logs.responses import LogsResponse

from stepwell.cloud.patches.replacing import replaces


def log_group_class_is_kept() -> None:
    """moto forgets ``logGroupClass``: Terraform replaces the group on every apply.

    AWS: API Reference, ``CreateLogGroup`` (STANDARD by default) and ``LogGroup.logGroupClass``.
    """

    @replaces(LogsResponse, "create_log_group")
    def create_log_group(original: Any, self: Any) -> Any:
        answer = original(self)
        if chosen := self._get_param("logGroupClass"):
            self.logs_backend.groups[self._get_param("logGroupName")].log_group_class = chosen
        return answer

    @replaces(LogGroup, "to_describe_dict")
    def to_describe_dict(original: Any, self: Any) -> dict[str, Any]:
        return {**original(self), "logGroupClass": getattr(self, "log_group_class", "STANDARD")}


PATCHES = (log_group_class_is_kept,)

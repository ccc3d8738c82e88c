"""``@schedule``: when a deployed flow starts by itself."""

from __future__ import annotations

from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from stepwell.errors import FlowError
from stepwell.flow.decorators.flowlevel import FlowDecorator
from stepwell.flow.decorators.trigger import check_required

_PERIODS = {
    "hourly": "cron(0 * * * ? *)",
    "daily": "cron(0 0 * * ? *)",
    "weekly": "cron(0 0 ? * SUN *)",
}


class schedule(FlowDecorator):
    """Start the deployed flow by itself; names and defaults are Metaflow's.

    Args:
        hourly, daily, weekly: one of them True (default: daily); at the beginning of the hour, day or week.
        cron: instead of these, the six fields of an EventBridge cron expression (Amazon EventBridge
            Scheduler User Guide, "Schedule types"): ``"0 6 ? * MON-FRI *"``.
        timezone: IANA name of the time zone (default: UTC).
    """

    name = "schedule"
    defaults: ClassVar[dict[str, Any]] = {
        "hourly": False, "daily": False, "weekly": False, "cron": None, "timezone": None,
    }  # fmt: skip

    def check(self) -> None:
        for key in _PERIODS:
            if not isinstance(self.attributes[key], bool):
                raise self.refuse(key, "True or False")
        cron, zone = self.attributes["cron"], self.attributes["timezone"]
        chosen = [key for key in _PERIODS if self.attributes[key]] + (["cron"] if cron is not None else [])
        if len(chosen) > 1:
            raise FlowError(f"@schedule: received {' and '.join(chosen)}; give one of them")
        if cron is not None:
            from stepwell.flow.cron import Cron

            try:
                Cron.parse(str(cron))
            except ValueError as error:
                raise self.refuse("cron", f"six fields, such as '0 6 ? * MON-FRI *': {error}") from None
        if zone is not None:
            try:
                ZoneInfo(zone)
            except (ValueError, TypeError, OSError, KeyError):
                raise self.refuse("timezone", "an IANA name such as 'Europe/Berlin'") from None

    def check_flow(self, flow_class: type[Any]) -> None:
        check_required(self, flow_class, set())

    @property
    def zone(self) -> str:
        """IANA name of the time zone."""
        return self.attributes["timezone"] or "UTC"

    @property
    def expression(self) -> str:
        """The schedule expression of EventBridge Scheduler."""
        if self.attributes["cron"]:
            return f"cron({self.attributes['cron']})"
        return next((cron for key, cron in _PERIODS.items() if self.attributes[key]), _PERIODS["daily"])

"""AWS Key Management Service."""

from __future__ import annotations

import json
from typing import Any

from moto.kms.responses import KmsResponse

from stepwell.cloud.patches.replacing import replaces

DEFAULT_DAYS = 365


def rotation_period_is_kept() -> None:
    """moto forgets ``RotationPeriodInDays``: Terraform sees drift for ever.

    AWS: API Reference, ``EnableKeyRotation`` (365 days by default) and ``GetKeyRotationStatus``.
    """

    def key_of(response: Any) -> Any:
        backend = response.kms_backend
        return backend.keys[backend.get_key_id(response._get_param("KeyId"))]

    @replaces(KmsResponse, "enable_key_rotation")
    def enable_key_rotation(original: Any, self: Any) -> Any:
        answer = original(self)
        key_of(self).rotation_period = self._get_param("RotationPeriodInDays") or DEFAULT_DAYS
        return answer

    @replaces(KmsResponse, "get_key_rotation_status")
    def get_key_rotation_status(original: Any, self: Any) -> str:
        answer = json.loads(original(self))
        if answer["KeyRotationEnabled"]:
            answer["RotationPeriodInDays"] = getattr(key_of(self), "rotation_period", DEFAULT_DAYS)
        return json.dumps(answer)


PATCHES = (rotation_period_is_kept,)

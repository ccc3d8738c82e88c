"""The one door to CDKTF itself. Its successor ``cdktn`` has the same API: moving is a change here."""

from __future__ import annotations

import modules._bindings  # noqa: F401  what it tells Node must be said before jsii starts

# isort: split
from cdktf import App as App
from cdktf import Fn as Fn
from cdktf import LocalBackend as LocalBackend
from cdktf import S3Backend as S3Backend
from cdktf import TerraformOutput as TerraformOutput
from cdktf import TerraformResourceLifecycle as TerraformResourceLifecycle
from cdktf import TerraformStack as TerraformStack
from cdktf import Token as Token
from constructs import Construct as Construct

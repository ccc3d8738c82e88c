from __future__ import annotations

import pytest

from stepwell.cloud.control import CloudInfo
from tests.runtime.cloud.support import Aws


@pytest.fixture(scope="session")
def aws(local_cloud: CloudInfo) -> Aws:
    return Aws(local_cloud.url)

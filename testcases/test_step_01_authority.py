"""Step 1 - A certificate authority is available."""

import pytest

from pytest_cucmtls.verification import Verify

pytestmark = pytest.mark.procedure("1")

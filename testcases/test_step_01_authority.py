"""Step 1 - A certificate authority is available."""

import pytest

pytestmark = pytest.mark.procedure("1")

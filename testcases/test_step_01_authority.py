"""Step 1 - A certificate authority is available."""

import pytest

from pytest_cucmtls.run.verification import Verify

pytestmark = pytest.mark.procedure("1")


def test_01_00_the_step_was_performed(verify: Verify) -> None:
    verify("step_01_is_performed")

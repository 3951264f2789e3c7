"""Step 5 - The authority's root certificate is exported."""

import pytest

from pytest_cucmtls.run.verification import Verify

pytestmark = pytest.mark.procedure("5")


def test_05_00_the_step_was_performed(verify: Verify) -> None:
    verify("step_05_is_performed")


def test_05_02_authority_ends_in_self_signed_root(verify: Verify) -> None:
    verify("authority_ends_in_self_signed_root")

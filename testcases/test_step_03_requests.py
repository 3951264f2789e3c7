"""Step 3 - Every node has a certificate signing request."""

import pytest

from pytest_cucmtls.run.verification import Verify

pytestmark = pytest.mark.procedure("3")


def test_03_00_the_step_was_performed(verify: Verify) -> None:
    verify("step_03_is_performed")


def test_03_02_request_is_what_was_asked(verify: Verify, cluster_name: str) -> None:
    verify("request_is_what_was_asked", cluster_name)

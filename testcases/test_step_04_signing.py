"""Step 4 - The authority signs every request."""

import pytest

from pytest_cucmtls.run.verification import Verify

pytestmark = pytest.mark.procedure("4")


def test_04_00_the_step_was_performed(verify: Verify) -> None:
    verify("step_04_is_performed")


def test_04_02_issued_certificate_chains_to_authority(verify: Verify, cluster_name: str) -> None:
    verify("issued_certificate_chains_to_authority", cluster_name)


def test_04_03_issued_certificate_matches_request(verify: Verify, cluster_name: str) -> None:
    verify("issued_certificate_matches_request", cluster_name)


def test_04_04_certificate_fits_both_roles(verify: Verify, cluster_name: str) -> None:
    verify("certificate_fits_both_roles", cluster_name)

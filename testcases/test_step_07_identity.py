"""Step 7 - The signed certificate is the CallManager identity."""

import pytest

from pytest_cucmtls.verification import Verify

pytestmark = pytest.mark.procedure("7")


def test_07_01_call_manager_runs(verify: Verify, cluster_name: str) -> None:
    verify("call_manager_runs", cluster_name)


def test_07_02_certificate_does_not_expire_soon(verify: Verify, cluster_name: str) -> None:
    verify("certificate_does_not_expire_soon", cluster_name)


def test_07_03_certificate_is_in_date(verify: Verify, cluster_name: str) -> None:
    verify("certificate_is_in_date", cluster_name)


def test_07_04_identity_is_issued_by_authority(verify: Verify, cluster_name: str) -> None:
    verify("identity_is_issued_by_authority", cluster_name)


def test_07_05_identity_is_the_issued_one(verify: Verify, cluster_name: str) -> None:
    verify("identity_is_the_issued_one", cluster_name)

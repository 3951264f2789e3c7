"""Step 7 - The signed certificate is the CallManager identity."""

import pytest

from pytest_cucmtls.run.verification import Verify

pytestmark = pytest.mark.procedure("7")


def test_07_00_the_step_was_performed(verify: Verify) -> None:
    verify("step_07_is_performed")


def test_07_02_call_manager_runs(verify: Verify, cluster_name: str) -> None:
    verify("call_manager_runs", cluster_name)


def test_07_03_certificate_does_not_expire_soon(verify: Verify, cluster_name: str) -> None:
    verify("certificate_does_not_expire_soon", cluster_name)


def test_07_04_certificate_has_alternative_names(verify: Verify, cluster_name: str) -> None:
    verify("certificate_has_alternative_names", cluster_name)


def test_07_05_certificate_is_in_date(verify: Verify, cluster_name: str) -> None:
    verify("certificate_is_in_date", cluster_name)


def test_07_06_identity_is_issued_by_authority(verify: Verify, cluster_name: str) -> None:
    verify("identity_is_issued_by_authority", cluster_name)


def test_07_07_identity_is_the_issued_one(verify: Verify, cluster_name: str) -> None:
    verify("identity_is_the_issued_one", cluster_name)


def test_07_08_key_is_long_enough(verify: Verify, cluster_name: str) -> None:
    verify("key_is_long_enough", cluster_name)


def test_07_09_key_usage_is_as_required(verify: Verify, cluster_name: str) -> None:
    verify("key_usage_is_as_required", cluster_name)


def test_07_10_path_hash_is_allowed(verify: Verify, cluster_name: str) -> None:
    verify("path_hash_is_allowed", cluster_name)


def test_07_11_peer_identity_has_a_path(verify: Verify, direction: str) -> None:
    verify("peer_identity_has_a_path", direction)


def test_07_12_signature_scheme_is_allowed(verify: Verify, cluster_name: str) -> None:
    verify("signature_scheme_is_allowed", cluster_name)


def test_07_13_validity_is_short_enough(verify: Verify, cluster_name: str) -> None:
    verify("validity_is_short_enough", cluster_name)


def test_07_14_service_started_after_its_certificate(verify: Verify, cluster_name: str) -> None:
    verify("service_started_after_its_certificate", cluster_name)


def test_07_15_certificates_are_inventoried(verify: Verify, cluster_name: str) -> None:
    verify("certificates_are_inventoried", cluster_name)


def test_07_16_certificate_is_not_revoked(verify: Verify, cluster_name: str) -> None:
    verify("certificate_is_not_revoked", cluster_name)

"""Proof 3 - Ask the listeners: what each node accepts and what it refuses."""

import pytest

from pytest_cucmtls.run.verification import Verify

pytestmark = pytest.mark.procedure("8")


def test_v3_01_listener_refuses_old_versions(verify: Verify, cluster_name: str) -> None:
    verify("listener_refuses_old_versions", cluster_name)


def test_v3_02_listener_refuses_weak_suites(verify: Verify, cluster_name: str) -> None:
    verify("listener_refuses_weak_suites", cluster_name)


def test_v3_03_listener_refuses_weak_groups(verify: Verify, cluster_name: str) -> None:
    verify("listener_refuses_weak_groups", cluster_name)


def test_v3_04_listener_refuses_fallback(verify: Verify, cluster_name: str) -> None:
    verify("listener_refuses_fallback", cluster_name)


def test_v3_05_listener_requires_client_certificate(verify: Verify, cluster_name: str) -> None:
    verify("listener_requires_client_certificate", cluster_name)


def test_v3_06_listener_speaks_no_clear_sip(verify: Verify, cluster_name: str) -> None:
    verify("listener_speaks_no_clear_sip", cluster_name)

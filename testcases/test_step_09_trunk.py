"""Step 9 - The SIP trunk uses the profile, allows SRTP and leads to the peer."""

import pytest

from pytest_cucmtls.run.verification import Verify

pytestmark = pytest.mark.procedure("9")


def test_09_00_the_step_was_performed(verify: Verify) -> None:
    verify("step_09_is_performed")


def test_09_02_srtp_does_not_fall_back(verify: Verify, cluster_name: str) -> None:
    verify("srtp_does_not_fall_back", cluster_name)


def test_09_03_trunk_allows_srtp(verify: Verify, cluster_name: str) -> None:
    verify("trunk_allows_srtp", cluster_name)


def test_09_04_trunk_fields_are_as_specified(verify: Verify, cluster_name: str) -> None:
    verify("trunk_fields_are_as_specified", cluster_name)


def test_09_05_trunk_keeps_all_digits(verify: Verify, cluster_name: str) -> None:
    verify("trunk_keeps_all_digits", cluster_name)


def test_09_06_trunk_leads_to_the_peer(verify: Verify, cluster_name: str) -> None:
    verify("trunk_leads_to_the_peer", cluster_name)


def test_09_07_trunk_traffic_is_secure_with_both(verify: Verify, cluster_name: str) -> None:
    verify("trunk_traffic_is_secure_with_both", cluster_name)


def test_09_08_trunk_uses_the_secure_profile(verify: Verify, cluster_name: str) -> None:
    verify("trunk_uses_the_secure_profile", cluster_name)


def test_09_09_connection_is_younger_than_the_trunk(verify: Verify, cluster_name: str) -> None:
    verify("connection_is_younger_than_the_trunk", cluster_name)


def test_09_10_trunk_has_no_copy(verify: Verify, cluster_name: str) -> None:
    verify("trunk_has_no_copy", cluster_name)

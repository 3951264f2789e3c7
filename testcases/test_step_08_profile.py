"""Step 8 - The SIP trunk security profile asks for TLS and names the peer."""

import pytest

from pytest_cucmtls.run.verification import Verify

pytestmark = pytest.mark.procedure("8")


def test_08_00_the_step_was_performed(verify: Verify) -> None:
    verify("step_08_is_performed")


def test_08_02_profile_demands_encryption(verify: Verify, cluster_name: str) -> None:
    verify("profile_demands_encryption", cluster_name)


def test_08_03_profile_fields_are_as_specified(verify: Verify, cluster_name: str) -> None:
    verify("profile_fields_are_as_specified", cluster_name)


def test_08_04_profile_names_the_peer(verify: Verify, cluster_name: str) -> None:
    verify("profile_names_the_peer", cluster_name)


def test_08_05_profile_port_is_the_peers_destination(verify: Verify, cluster_name: str) -> None:
    verify("profile_port_is_the_peers_destination", cluster_name)


def test_08_06_profile_transports_are_tls(verify: Verify, cluster_name: str) -> None:
    verify("profile_transports_are_tls", cluster_name)

"""Proof 1 - Collect a packet capture: what the two clusters say to each other."""

import pytest

from pytest_cucmtls.run.verification import Verify

pytestmark = pytest.mark.procedure("V1")


def test_v1_01_both_sides_authenticate(verify: Verify, direction: str) -> None:
    verify("both_sides_authenticate", direction)


def test_v1_02_cbc_uses_encrypt_then_mac(verify: Verify, direction: str) -> None:
    verify("cbc_uses_encrypt_then_mac", direction)


def test_v1_03_client_chain_is_valid_for_server(verify: Verify, direction: str) -> None:
    verify("client_chain_is_valid_for_server", direction)


def test_v1_04_client_presents_admin_certificate(verify: Verify, direction: str) -> None:
    verify("client_presents_admin_certificate", direction)


def test_v1_05_compression_is_off(verify: Verify, direction: str) -> None:
    verify("compression_is_off", direction)


def test_v1_06_every_node_presents_the_right_certificate(verify: Verify, direction: str) -> None:
    verify("every_node_presents_the_right_certificate", direction)


def test_v1_07_extended_master_secret_is_used(verify: Verify, direction: str) -> None:
    verify("extended_master_secret_is_used", direction)


def test_v1_08_group_is_allowed(verify: Verify, direction: str) -> None:
    verify("group_is_allowed", direction)


def test_v1_09_handshake_messages_are_in_order(verify: Verify, direction: str) -> None:
    verify("handshake_messages_are_in_order", direction)


def test_v1_10_key_exchange_is_forward_secret(verify: Verify, direction: str) -> None:
    verify("key_exchange_is_forward_secret", direction)


def test_v1_11_negotiated_suite_encrypts(verify: Verify, direction: str) -> None:
    verify("negotiated_suite_encrypts", direction)


def test_v1_12_no_sip_in_clear(verify: Verify) -> None:
    verify("no_sip_in_clear")


def test_v1_13_profiles_accept_presented_names(verify: Verify, direction: str) -> None:
    verify("profiles_accept_presented_names", direction)


def test_v1_14_renegotiation_is_secure(verify: Verify, direction: str) -> None:
    verify("renegotiation_is_secure", direction)


def test_v1_15_server_chain_is_valid_for_client(verify: Verify, direction: str) -> None:
    verify("server_chain_is_valid_for_client", direction)


def test_v1_16_server_presents_admin_certificate(verify: Verify, direction: str) -> None:
    verify("server_presents_admin_certificate", direction)


def test_v1_17_suite_is_allowed(verify: Verify, direction: str) -> None:
    verify("suite_is_allowed", direction)


def test_v1_18_tls_connection_is_established(verify: Verify, direction: str) -> None:
    verify("tls_connection_is_established", direction)


def test_v1_19_version_meets_policy(verify: Verify, direction: str) -> None:
    verify("version_meets_policy", direction)


def test_v1_20_version_was_not_lowered(verify: Verify, direction: str) -> None:
    verify("version_was_not_lowered", direction)


def test_v1_21_capture_readers_agree(verify: Verify) -> None:
    verify("capture_readers_agree")


def test_v1_22_evidence_is_whole(verify: Verify) -> None:
    verify("evidence_is_whole")


def test_v1_23_connection_is_renewed_in_time(verify: Verify, direction: str) -> None:
    verify("connection_is_renewed_in_time", direction)


def test_v1_24_media_keys_travel_under_tls(verify: Verify) -> None:
    verify("media_keys_travel_under_tls")


def test_v1_25_no_media_in_clear(verify: Verify) -> None:
    verify("no_media_in_clear")


def test_v1_26_media_packets_are_srtp(verify: Verify, direction: str) -> None:
    verify("media_packets_are_srtp", direction)


def test_v1_27_captures_are_complete(verify: Verify) -> None:
    verify("captures_are_complete")


def test_v1_28_media_flows_both_ways(verify: Verify) -> None:
    verify("media_flows_both_ways")

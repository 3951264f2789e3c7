"""Proof 2 - Collect traces: what the two clusters say about it."""

import pytest

from pytest_cucmtls.run.verification import Verify

pytestmark = pytest.mark.procedure("V2")


def test_v2_01_call_is_placed(verify: Verify, direction: str) -> None:
    verify("call_is_placed", direction)


def test_v2_02_call_is_released_normally(verify: Verify, direction: str) -> None:
    verify("call_is_released_normally", direction)


def test_v2_03_right_party_answers(verify: Verify, direction: str) -> None:
    verify("right_party_answers", direction)


def test_v2_04_media_is_negotiated_as_srtp(verify: Verify, direction: str) -> None:
    verify("media_is_negotiated_as_srtp", direction)


def test_v2_05_media_keys_are_fresh(verify: Verify) -> None:
    verify("media_keys_are_fresh")


def test_v2_06_srtp_suite_is_allowed(verify: Verify, direction: str) -> None:
    verify("srtp_suite_is_allowed", direction)


def test_v2_07_called_side_analyses_all_digits(verify: Verify, direction: str) -> None:
    verify("called_side_analyses_all_digits", direction)


def test_v2_08_caller_digit_analysis_finds_the_pattern(verify: Verify, direction: str) -> None:
    verify("caller_digit_analysis_finds_the_pattern", direction)


def test_v2_09_invite_travels_over_tls(verify: Verify, direction: str) -> None:
    verify("invite_travels_over_tls", direction)


def test_v2_10_trace_agrees_with_the_wire(verify: Verify, direction: str) -> None:
    verify("trace_agrees_with_the_wire", direction)


def test_v2_11_traced_call_is_the_captured_one(verify: Verify, direction: str) -> None:
    verify("traced_call_is_the_captured_one", direction)


def test_v2_12_call_lasts_long_enough(verify: Verify, direction: str) -> None:
    verify("call_lasts_long_enough", direction)


def test_v2_13_call_leaves_nothing_behind(verify: Verify, direction: str) -> None:
    verify("call_leaves_nothing_behind", direction)


def test_v2_14_call_record_is_complete(verify: Verify, direction: str) -> None:
    verify("call_record_is_complete", direction)


def test_v2_15_srtcp_is_encrypted(verify: Verify, direction: str) -> None:
    verify("srtcp_is_encrypted", direction)


def test_v2_16_conversation_is_heard_both_ways(verify: Verify, direction: str) -> None:
    verify("conversation_is_heard_both_ways", direction)

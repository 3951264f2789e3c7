"""The JSON of a trace has the agreed keys, plain values only, and no media key."""

import base64
import io
import json
from pathlib import Path
from typing import Any

import pytest

from pytest_cucmtls.report.trace_json import trace_as_json
from pytest_cucmtls.wire.traces import parse_trace

CALL = (Path(__file__).parent / "trace_texts" / "sip_tls_call.txt").read_text(encoding="utf-8")
KEY = base64.b64encode(bytes(range(30))).decode()


def as_json(text: str) -> dict[str, Any]:
    report = parse_trace(io.BytesIO(text.encode()))
    written: dict[str, Any] = json.loads(json.dumps(trace_as_json(report, "trace.txt")))
    return written


def test_every_list_of_the_contract_is_there_even_when_empty() -> None:
    for text in ("", CALL):
        found = as_json(text)
        assert found["schema"] == "cucmtls-trace-1"
        assert found["file"] == "trace.txt"
        for name in ("digit_analysis", "sip_messages", "routing", "security", "alarms", "calllogs"):
            assert isinstance(found[name], list)
        assert set(found["records"]) == {"count", "by_type"}


def test_times_are_utc_with_a_z_and_null_while_the_date_is_unknown() -> None:
    head = "00000001.000 |10:00:00.500 |FileHead |UTC:+02:00,Date: 2026/03/31, AppName: CCM\n"
    assert (as_json(head)["first_at"], as_json(head)["last_at"]) == ("2026-03-31T08:00:00.500000Z", "2026-03-31T08:00:00.500000Z")
    assert as_json(CALL)["first_at"] is None
    assert as_json(CALL)["sip_messages"][0]["at"] is None


def test_digit_analysis_shows_arguments_and_results() -> None:
    (analysis,) = as_json(CALL)["digit_analysis"]
    assert {key: analysis[key] for key in ("seq", "time", "pi", "fqcn", "cn", "plv", "dd", "dac", "outcome")} == {
        "seq": "00000010.000",
        "time": "23:59:58.100",
        "pi": "2",
        "fqcn": "4001",
        "cn": "4001",
        "plv": "5",
        "dd": "7002",
        "dac": "0",
        "outcome": "match",
    }
    assert (analysis["pss"], analysis["tod_filtered_pss"]) == (["A_PT", "B PT"], ["A_PT"])
    assert analysis["results"]["DialingPattern"] == "[67]XXX"


def test_an_analysis_without_match_shows_the_word_instead() -> None:
    text = (
        '10:00:00.000 CCM|Digit analysis: match(fqcn="5", cn="5", pss="", dd="1")\n'
        "10:00:00.000 CCM|Digit analysis: potentialMatches=NoPotentialMatchesExist\n"
    )
    (analysis,) = as_json(text)["digit_analysis"]
    assert (analysis["outcome"], analysis["potential_matches"], analysis["seq"]) == ("no_match", "NoPotentialMatchesExist", None)
    assert "results" not in analysis
    assert analysis["pss"] == []


def test_sip_messages_show_transport_numbers_and_media() -> None:
    invite, answer = as_json(CALL)["sip_messages"]
    assert (invite["direction"], invite["peer"], invite["port"], invite["index"], invite["net_id"]) == (
        "out",
        "192.0.2.20",
        5061,
        12,
        131,
    )
    assert (invite["via_transport"], invite["cseq"], invite["agent"], invite["content_length"]) == (
        "TLS",
        "101 INVITE",
        "Cisco-CUCM14.0",
        85,
    )
    assert invite["sdp"] == {
        "media": [{"kind": "audio", "port": 4000, "proto": "RTP/SAVP"}],
        "crypto_lines": 0,
        "direction": "sendrecv",
    }
    assert (answer["start_line"], answer["bytes"], answer["cseq"]) == ("SIP/2.0 404 Not Found", 60, None)
    assert "sdp" not in answer


def test_no_media_key_reaches_the_json() -> None:
    line = f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}\n"
    text = CALL.replace("RTP/SAVP 0\n", f"RTP/SAVP 0\n{line}").replace("Content-Length: 85", f"Content-Length: {86 + len(line)}")
    found = as_json(text)
    assert found["sip_messages"][0]["sdp"]["crypto_lines"] == 1
    assert KEY[:10] not in json.dumps(found)


def test_security_and_routing_keep_file_order_and_types() -> None:
    found = as_json(CALL)
    assert [item.get("event") or item["signal"] for item in found["security"]] == [
        "createConnMsg",
        "sipConnectionManagerProcessConnCreated",
        "SIPCertificateInd",
    ]
    assert found["security"][0]["tls_security"] == 3
    assert (found["security"][1]["connid"], found["security"][1]["transport"]) == (12, "TLS Over TCP")
    assert (found["security"][2]["conn_idx"], found["security"][2]["remote_port"]) == (12, 5061)
    assert [item["kind"] for item in found["routing"]] == ["findLocalDevice", "wait_DmPidRes"]
    assert found["routing"][0]["active"] is True
    assert (found["routing"][1]["process"], found["routing"][1]["pid"]) == ("SIPD", "2,100,74,16")


def test_alarms_show_their_parameters_as_a_table() -> None:
    text = (
        "00000001.000 |10:00:00.000 |AlarmErr |AlarmClass: CallManager, AlarmName: X, AlarmSeverity: Error, AlarmMessage: , "
        "AlarmDescription: d, AlarmParameters:  A:1, B:two words,\n"
    )
    (alarm,) = as_json(text)["alarms"]
    assert (alarm["class"], alarm["name"], alarm["severity"], alarm["description"]) == ("CallManager", "X", "Error", "d")
    assert alarm["parameters"] == {"A": "1", "B": "two words"}


@pytest.mark.parametrize("number", ["131", "x", "", "9" * 40])
def test_a_call_log_line_of_a_trunk_has_named_columns(number: str) -> None:
    tail = f"2,100,14,13.12^*^*|{number}|1@192.0.2.10|180 Ringing"
    (line,) = as_json(f"2026/03/31 11:51:19.301|SIPT|101|TCP|OUT|192.0.2.10|5061|to-peer|192.0.2.20|5062|{tail}\n")["calllogs"]
    assert (line["class"], line["ci"], line["device"], line["message"]) == ("SIPT", "101", "to-peer", "180 Ringing")
    assert (line["local"], line["remote"]) == ("192.0.2.10:5061", "192.0.2.20:5062")
    assert line["net_id"] == (131 if number == "131" else None)


def test_a_call_event_and_a_line_of_unknown_shape_keep_their_columns() -> None:
    first, second = as_json("2026/03/31 11:51:19.249|CC|SETUP|100|101\n2026/03/31 11:51:19.250|SIPT|short\n")["calllogs"]
    assert (first["event"], first["fields"]) == ("SETUP", ["100", "101"])
    assert (second["event"], second["fields"]) == ("short", [])

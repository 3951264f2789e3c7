"""Traces of every kind give their facts: calls, SIP messages, TLS peers, devices, alarms, with place and UTC time."""

import gzip
from datetime import UTC, datetime

import pytest

from tests.read_traces import CALL, HEAD, read, sdl

REPORT = read(HEAD + CALL)


def test_records_are_counted_by_type_and_continuation_lines_are_none() -> None:
    assert REPORT.readable
    assert REPORT.problem is None
    assert REPORT.record_count == 11
    assert dict(REPORT.records_by_type) == {"FileHead": 1, "AppInfo": 9, "SdlSig": 1}


def test_the_header_gives_date_zone_and_node() -> None:
    header = REPORT.header
    assert header is not None
    assert (header.utc_offset_seconds, header.date, header.node_id, header.file_number) == (-14400, "2026-03-31", 2, 7)
    assert (header.version, header.host_name, header.host_address) == ("14.0.1.10000-20", "node-b", "192.0.2.10")
    assert dict(header.fields)["AppStartTime"] == "2026/03/01 10:00:00"


def test_times_are_utc_and_survive_midnight() -> None:
    assert REPORT.first_at == datetime(2026, 4, 1, 3, 59, 58, tzinfo=UTC)
    assert REPORT.last_at == datetime(2026, 4, 1, 4, 0, 0, 60_000, tzinfo=UTC)
    assert REPORT.certificates[0].source.at == datetime(2026, 4, 1, 4, 0, 0, 50_000, tzinfo=UTC)
    assert REPORT.digit_analysis[0].source.at == datetime(2026, 4, 1, 3, 59, 58, 100_000, tzinfo=UTC)


def test_a_record_written_late_keeps_its_day() -> None:
    late = "00000016.000 |23:59:59.999 |AppInfo  |createConnMsg tls_security=1\n"
    after = "00000017.000 |00:00:01.000 |AppInfo  |createConnMsg tls_security=2\n"
    times = [event.source.at for event in read(HEAD + CALL + late + after).events if event.kind == "create_connection"]
    assert times[1:] == [datetime(2026, 4, 1, 3, 59, 59, 999_000, tzinfo=UTC), datetime(2026, 4, 1, 4, 0, 1, tzinfo=UTC)]


def test_without_a_header_no_time_is_guessed() -> None:
    report = read(CALL)
    assert report.header is None
    assert (report.first_at, report.last_at, report.sip_messages[0].source.at) == (None, None, None)
    assert report.sip_messages[0].source.time == "23:59:58.121"


def test_a_second_header_starts_a_new_day() -> None:
    second = HEAD.replace("23:59:58.000", "08:00:00.000").replace("2026/03/31", "2026/05/01")
    report = read(HEAD + CALL + second + sdl("createConnMsg tls_security=3"))
    assert report.events[-1].source.at == datetime(2026, 5, 1, 14, tzinfo=UTC)
    assert report.first_at == datetime(2026, 4, 1, 3, 59, 58, tzinfo=UTC)


def test_a_match_shows_what_was_dialled_and_where_it_leads() -> None:
    (analysis,) = REPORT.digit_analysis
    assert (analysis.calling_party_number, analysis.dialed_digits, analysis.outcome) == ("4001", "7002", "match")
    assert analysis.calling_search_space == ("A_PT", "B PT")
    assert analysis.result("DialingPattern") == "[67]XXX"
    assert analysis.result("CallableEndPointName") == "11111111-2222-3333-4444-555555555555"
    assert analysis.result("FullyQualifiedCalledPartyNumber") == "7002"
    assert analysis.result("nonesuch") is None
    assert (analysis.source.sequence, analysis.source.line) == ("00000010.000", 2)


@pytest.mark.parametrize(
    ("word", "outcome"),
    [
        ("PotentialMatchesExist", "potential"),
        ("ExclusivelyOffnetPotentialMatchesExist", "potential"),
        ("NoPotentialMatchesExist", "no_match"),
        ("SomethingNewer", None),
    ],
)
def test_the_word_after_potential_matches_decides(word: str, outcome: str | None) -> None:
    text = (
        '00000001.000 |10:00:00.000 |AppInfo  |Digit analysis: match(pi="2",fqcn="1", cn="1", plv="5", pss="", dd="2",dac="0")\n'
        f"00000001.001 |10:00:00.000 |AppInfo  |Digit analysis: potentialMatches={word}\n"
    )
    (analysis,) = read(text).digit_analysis
    assert (analysis.outcome, analysis.result("PotentialMatches")) == (outcome, word)
    assert analysis.calling_search_space == ()


def test_interleaved_analyses_are_not_confused() -> None:
    match = '{0}.000 |10:00:00.000 |AppInfo  |Digit analysis: match(pi="2", fqcn="1", cn="1",plv="5", pss="", dd="{1}",dac="0")\n'
    results = (
        "{0}.001 |10:00:00.000 |AppInfo  |Digit analysis: analysis results\n"
        "{0}.002 |10:00:00.001 |AppInfo  ||PretransformCallingPartyNumber=1\n|DialingPattern={1}\n"
    )
    no_match = "{0}.001 |10:00:00.000 |AppInfo  |Digit analysis: potentialMatches=NoPotentialMatchesExist\n"
    first, second = "00000101", "00000102"
    report = read(match.format(first, "11") + match.format(second, "22") + no_match.format(second) + results.format(first, "11"))
    assert [(one.dialed_digits, one.outcome) for one in report.digit_analysis] == [("11", "match"), ("22", "no_match")]


def test_a_result_block_cut_off_by_the_end_leaves_the_outcome_open() -> None:
    assert read(CALL[: CALL.index("00000010.001")]).digit_analysis[0].outcome is None
    assert read(CALL[: CALL.index("00000010.002")]).digit_analysis[0].outcome is None
    partial = read(CALL[: CALL.index("|FullyQualified")]).digit_analysis[0]
    assert (partial.outcome, partial.result("DialingPattern"), partial.result("FullyQualifiedCalledPartyNumber")) == (
        "match",
        "[67]XXX",
        None,
    )


def test_sip_messages_carry_peer_connection_and_number() -> None:
    invite, answer = REPORT.sip_messages
    assert (invite.direction, invite.peer, invite.port, invite.connection_index, invite.net_id) == (
        "out",
        "192.0.2.20",
        5061,
        12,
        131,
    )
    assert (invite.message.method, invite.message.via_transport, invite.byte_count) == ("INVITE", "TLS", None)
    assert invite.message.body.count(b"\r\n") == 5
    assert (answer.direction, answer.peer, answer.byte_count, answer.net_id) == ("in", "2001:db8::20", 60, 132)
    assert answer.message.status_code == 404


def test_an_announced_message_that_is_not_logged_is_empty() -> None:
    (traced,) = read(
        sdl("SIPTcp - wait_SdlReadRsp: Incoming SIP TCP message from 192.0.2.1 on port 5060 index 1 with 9 bytes:")
    ).sip_messages
    assert (traced.message.start_line, traced.message.headers, traced.net_id) == ("", (), None)


def test_a_udp_message_has_its_own_form() -> None:
    announced = "//SIP/SIPUdp/wait_SdlSPISignal: Outgoing SIP UDP message to 192.0.2.1:[5060]:"
    text = f"{announced}\n[5,NET]\nOPTIONS sip:a SIP/2.0\nCall-ID: 1\n\n"
    (traced,) = read(sdl(text)).sip_messages
    assert (traced.peer, traced.port, traced.log_transport, traced.message.method) == ("192.0.2.1", 5060, "UDP", "OPTIONS")


def test_the_tls_peer_is_read_despite_irregular_spacing() -> None:
    (indication,) = REPORT.certificates
    assert (indication.connection_index, indication.remote_ip, indication.remote_port) == (12, "192.0.2.20", 5061)
    assert (indication.subject, indication.cipher) == ("/C=IN/O=a--b/CN=peer", "ECDHE-RSA-AES256-GCM-SHA384")
    assert indication.subject_alternative_name == "a.example"


def test_connections_and_device_records_are_events() -> None:
    (connection,) = REPORT.connections
    assert (connection.address, connection.port, connection.connection_id) == ("192.0.2.20", 5061, 12)
    assert (connection.transport, connection.outgoing) == ("TLS Over TCP", True)
    kinds = {event.kind: event for event in REPORT.events}
    assert kinds["create_connection"].field("tls_security") == "3"
    assert kinds["device_found"].field("name") == "to-peer"
    assert kinds["device_process"].field("process") == "SIPD"
    assert kinds["device_process"].field("ci") == "4711"
    assert kinds["device_process"].field("sender") == "Cdcc(2,100,224,1)"


def test_verification_errors_name_number_reason_and_peer() -> None:
    first, second = read(
        sdl(
            "[1, 100, 17, 1]: HandleSSLError - Certificate verification failed:(Verification error:10)- certificate has expired "
            "for 192.0.2.9:52124",
            "[1, 100, 17, 1]: HandleSSLError - Certificate verification failed for 192.0.2.9:52124",
        )
    ).events
    assert (first.field("verify_error"), first.field("reason")) == ("10", "certificate has expired")
    assert (first.field("peer"), first.field("port"), first.field("process")) == ("192.0.2.9", "52124", "1, 100, 17, 1")
    assert (second.field("verify_error"), second.field("peer")) == (None, "192.0.2.9")


def test_an_alarm_shows_name_severity_and_parameters() -> None:
    text = (
        "00000001.000 |10:00:00.000 |AlarmErr |AlarmClass: CallManager, AlarmName: SIPTrunkOOS, AlarmSeverity: Error, "
        "AlarmMessage: , AlarmDescription: All remote peers are out of service, AlarmParameters:  SIPTrunkName:to-peer, "
        "UnavailableRemotePeersWithReasonCode:192.0.2.20=local=3, AppID:Cisco CallManager, NodeID:node-b,\n"
    )
    (alarm,) = read(text).events
    assert (alarm.kind, alarm.field("class"), alarm.field("name")) == ("alarm", "CallManager", "SIPTrunkOOS")
    assert alarm.field("description") == "All remote peers are out of service"
    assert alarm.field("parameter.UnavailableRemotePeersWithReasonCode") == "192.0.2.20=local=3"
    assert alarm.field("parameter.NodeID") == "node-b"


def test_call_security_is_read_for_both_sides() -> None:
    dump, given = read(
        sdl(
            "Cdcc - (3) - dumpSecureStatus - sideA=(cap=1, media=2, feature=0), sideB=(cap=3, media=4, feature=5)",
            "Cdcc - (3) - getSecureStatusTypeGivenSide - side=A SecureStatus=2, deviceName=to-peer",
        )
    ).events
    assert (dump.field("sideA.media"), dump.field("sideB.cap")) == ("2", "3")
    assert (given.field("SecureStatus"), given.field("deviceName")) == ("2", "to-peer")


def test_legacy_sdi_needs_no_sequence_numbers() -> None:
    text = (
        '08:38:58.734 CCM CallManager|Digit analysis: match(fqcn="5", cn="5", pss="X:Local PT", dd="")\n'
        "08:38:58.734 CCM CallManager|Digit analysis: potentialMatches=PotentialMatchesExist\n"
        '08:38:59.703 CCM CallManager|Digit analysis: match(fqcn="5", cn="5", pss="X:Local PT", dd="1")\n'
        "08:38:59.703 CCM CallManager|Digit analysis: potentialMatches=NoPotentialMatchesExist\n"
        "08:38:59.704 CCM CallManager|StationD - stationOutputStartTone: 37=ReorderTone tcpHandle=0x1\n"
    )
    report = read(text)
    assert [one.outcome for one in report.digit_analysis] == ["potential", "no_match"]
    assert report.digit_analysis[1].calling_search_space == ("X", "Local PT")
    assert report.events[0].fields == (("code", "37"), ("name", "ReorderTone"))
    assert report.record_count == 5


def test_records_that_a_publisher_joined_with_blanks_are_taken_apart() -> None:
    text = (
        "00000001.002 |18:33:30.036 |AppInfo  |SIPTcp - wait_SdlReadRsp: Incoming SIP TCP message from 192.0.2.7 on port 55522 "
        "index 16 with 1182 bytes: [99,NET] INVITE sip:0@192.0.2.5:5060 SIP/2.0 Via: SIP/2.0/TCP 192.0.2.7:5060;branch=z9 "
        "From: <sip:8@192.0.2.7>\n"
        '00000002.007 |18:33:30.038 |AppInfo  |Digit analysis: match(pi="2", fqcn="", cn="8",plv="5", pss="", dd="0",dac="0") '
        "00000002.008 |18:33:30.038 |AppInfo  |Digit analysis: analysis results 00000002.009 |18:33:30.038 |AppInfo  "
        "||PretransformCallingPartyNumber=8 |DialingPartition= |DialingPattern=0\n"
    )
    report = read(text)
    assert report.record_count == 4
    assert report.sip_messages[0].message.start_line == "INVITE sip:0@192.0.2.5:5060 SIP/2.0"
    assert report.sip_messages[0].message.header("From") == "<sip:8@192.0.2.7>"
    assert report.digit_analysis[0].outcome == "match"
    assert report.digit_analysis[0].result("DialingPattern") == "0"


def test_a_call_log_gives_one_line_per_event() -> None:
    text = (
        "2026/03/31 11:51:19.249|CC|SETUP|100|101|4001|7002|7002\n"
        "2026/03/31 11:51:19.301|SIPT|101|TCP|OUT|192.0.2.10|5061|to-peer|192.0.2.20|5061|2,100,14,13.12^*^*"
        "|131|1-2-3@192.0.2.10|INVITE\n"
        "a line of something else\n"
        "2026/03/31 11:51:43.891|CC|RELEASE|100|101|16\r\n"
    )
    report = read(text)
    assert report.readable
    assert [(line.subsystem, line.event, line.line) for line in report.call_log] == [
        ("CC", "SETUP", 1),
        ("SIPT", "INVITE", 2),
        ("CC", "RELEASE", 4),
    ]
    assert report.call_log[0].columns == ("100", "101", "4001", "7002", "7002")
    assert report.call_log[1].columns[5] == "to-peer"
    assert report.call_log[2].columns[-1] == "16"


@pytest.mark.parametrize(
    "changed",
    [
        (HEAD + CALL).encode().replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + (HEAD + CALL).encode(),
        (HEAD + CALL).replace("AppInfo  |", "AppInfo |").replace("SdlSig   |", "SdlSig|").encode(),
        gzip.compress((HEAD + CALL).encode()),
        gzip.compress(HEAD.encode()) + gzip.compress(CALL.encode()),
        ("end of a record of the file before\n" + HEAD + CALL).encode(),
    ],
    ids=["crlf", "byte order mark", "collapsed padding", "gzip", "two gzip members", "starts mid-record"],
)
def test_the_same_facts_come_out_of_every_rendering(changed: bytes) -> None:
    report = read(changed)
    assert report.problem is None
    assert report.record_count == REPORT.record_count
    assert [one.results for one in report.digit_analysis] == [one.results for one in REPORT.digit_analysis]
    assert [one.message for one in report.sip_messages] == [one.message for one in REPORT.sip_messages]
    assert [one.subject for one in report.certificates] == [one.subject for one in REPORT.certificates]
    assert report.last_at == REPORT.last_at

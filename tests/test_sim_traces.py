"""Traces and call logs of the simulated nodes, read by this package's own parser."""

import base64
import gzip
import itertools
import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from pytest_cucmtls.model.traces import TraceReport
from pytest_cucmtls.sim.calls.manager import CallManager
from pytest_cucmtls.sim.calls.placed import CallLength
from pytest_cucmtls.sim.logs import sdl_records
from pytest_cucmtls.sim.logs.files import RotatingFile
from pytest_cucmtls.sim.logs.traces import TraceWriter
from pytest_cucmtls.sim.state import NodeState
from pytest_cucmtls.wire.traces import parse_trace
from tests.simulated_nodes import Authority, call_log_text, manager, pair, run, sdl_text

RECORD = re.compile(r"^(\d{8})\.(\d{3}) \|\d\d:\d\d:\d\d\.\d{3} \|(\w[\w-]*)\s*\|", re.MULTILINE)


def trace_of(node: NodeState) -> TraceReport:
    """The node's open SDL file, parsed."""
    sdl_text(node)
    path = sorted((node.active_log / "cm/trace/ccm/sdl").glob("*.txt"))[-1]
    with path.open("rb") as stream:
        report = parse_trace(stream, file_name=path.name)
    assert report.readable
    assert report.problem is None
    return report


def test_records_of_two_activities_interleave_and_the_reader_still_joins_them(tmp_path: Path) -> None:
    async def work() -> None:
        async with pair(tmp_path) as both:
            await both.call()
            numbers = [(int(match[1]), int(match[2])) for match in RECORD.finditer(sdl_text(both.b))]
            assert any(after < before for before, after in itertools.pairwise(numbers))
            words = [message.message.start_line.split()[0] for message in trace_of(both.b).sip_messages]
            assert words == ["INVITE", "SIP/2.0", "SIP/2.0", "SIP/2.0", "ACK", "BYE", "SIP/2.0"]

    run(work())


def test_compressed_traces_are_open_as_gzo_and_readable_while_they_are(tmp_path: Path) -> None:
    async def work() -> None:
        both = pair(tmp_path)
        both.a.cluster.enterprise_parameters["Trace Compression Enabled"] = "True"
        folder = both.a.active_log / "cm/trace/ccm/sdl"
        async with both:
            await both.call()
            assert both.a.traces is not None
            both.a.traces.flush()
            [path] = folder.iterdir()
            assert path.name == "SDL001_100_000001.txt.gzo"
            with path.open("rb") as stream:
                report = parse_trace(stream, file_name=path.name)
            assert [message.message.method for message in report.sip_messages if message.message.method] == [
                "INVITE",
                "ACK",
                "BYE",
            ]
        [closed] = folder.iterdir()
        assert closed.name == "SDL001_100_000001.txt.gz"
        assert b"BYE sip:" in gzip.decompress(closed.read_bytes())

    run(work())


def test_a_destination_that_refuses_the_connection_is_traced_with_the_reason(tmp_path: Path) -> None:
    async def work() -> None:
        async with pair(tmp_path) as both:
            await manager(both.b).stop()
            await both.call()
            assert f"SIPTcp - connection to {both.b.ip}:5061 for trunk to-CUCM10 failed: " in sdl_text(both.a)
            assert "|RELEASE|" in call_log_text(both.a)

    run(work())


def test_a_call_leaves_the_records_the_source_document_shows(tmp_path: Path) -> None:
    async def work() -> None:
        async with pair(tmp_path, releases=("9.1", "10.5"), authority=Authority(1024, sha1=True)) as both:
            await both.call()
            report = trace_of(both.a)
            assert report.header is not None
            assert (report.header.node_id, report.header.host_name, report.header.utc_offset_seconds) == (1, "CUCMA", 0)
            [analysis] = report.digit_analysis
            assert (analysis.calling_party_number, analysis.dialed_digits, analysis.outcome) == ("1018", "9898", "match")
            assert analysis.result("DialingPattern") == "9898"
            assert analysis.result("DialingPartition") == ""
            assert analysis.result("PretransformCallingPartyNumber") == "1018"
            [connection] = report.connections
            assert (connection.address, connection.port, connection.transport) == (both.b.ip, 5061, "TLS Over TCP")
            assert connection.outgoing
            assert {seen.connection_index for seen in report.certificates} == {connection.connection_id}
            assert {(seen.subject, seen.cipher) for seen in report.certificates} == {("/C=IN/O=cisco/CN=CUCM10", "AES128-SHA")}
            kinds = {event.kind for event in report.events}
            assert {"create_connection", "device_found", "device_process"} <= kinds

    run(work())


def test_both_sides_log_the_same_messages_in_opposite_directions(tmp_path: Path) -> None:
    async def work() -> None:
        async with pair(tmp_path) as both:
            await both.call()
            seen = [
                [(message.direction, message.message.start_line) for message in trace_of(node).sip_messages]
                for node in (both.a, both.b)
            ]
            turned = [("in" if direction == "out" else "out", line) for direction, line in seen[1]]
            assert seen[0] == turned
            words = [line.split()[1] if line.startswith("SIP/2.0") else line.split()[0] for _, line in seen[0]]
            assert words == ["INVITE", "100", "180", "200", "ACK", "BYE", "200"]
            numbers = [message.net_id for message in trace_of(both.a).sip_messages]
            assert numbers == sorted(numbers)  # type: ignore[type-var]

    run(work())


def test_the_invite_is_written_before_the_certificate_indication_as_in_real_traces(tmp_path: Path) -> None:
    async def work() -> None:
        async with pair(tmp_path) as both:
            await both.call()
            text = sdl_text(both.a)
            assert text.index("createConnMsg") < text.index("ProcessConnCreated") < text.index("INVITE sip:")
            assert text.index("INVITE sip:") < text.index("SIPCertificateInd")

    run(work())


def test_sequence_numbers_rise_and_every_column_is_as_wide_as_documented(tmp_path: Path) -> None:
    async def work() -> None:
        async with pair(tmp_path) as both:
            await both.call()
            text = sdl_text(both.a)
            numbers = [(int(match[1]), int(match[2])) for match in RECORD.finditer(text)]
            assert len(numbers) == len(set(numbers))
            backwards = [line for line in text.splitlines() if "SIPTcp - SignalCounter = " in line]
            late = {tuple(int(part) for part in line.split(" ")[0].split(".")) for line in backwards}
            in_order = [number for number in numbers if number not in late]
            assert in_order == sorted(in_order)
            assert numbers != in_order
            signal = next(line for line in text.splitlines() if "SIPCertificateInd " in line)
            assert [len(column) for column in signal.split("|")][2:8] == [9, 39, 31, 33, 33, 41]

    run(work())


def test_no_srtp_key_reaches_a_trace(tmp_path: Path) -> None:
    async def work() -> None:
        async with pair(tmp_path) as both:
            call = await both.call()
            assert call.outcome is not None
            assert call.outcome.agreement is not None
            keys = call.outcome.agreement.keys
            assert keys is not None
            texts = sdl_text(both.a) + sdl_text(both.b) + call_log_text(both.a) + call_log_text(both.b)
            for key in (keys.send, keys.receive):
                assert base64.b64encode(key).decode() not in texts
            assert "inline:" not in texts
            assert "a=crypto:XXXXXXXX" in texts

    run(work())


def test_masking_keeps_the_length_and_everything_else() -> None:
    message = b"SIP/2.0 200 OK\r\n\r\nv=0\r\na=crypto:1 AES inline:abc\r\na=sendrecv\r\n"
    shown = sdl_records.masked(message)
    assert shown == "SIP/2.0 200 OK\n\nv=0\na=crypto:XXXXXXXXXXXXXXXX\na=sendrecv\n"
    assert len(shown) == len(message.replace(b"\r", b""))
    assert sdl_records.masked(b"\xff\xfe") == "\ufffd\ufffd"


def test_the_call_log_tells_who_called_whom_over_which_trunk(tmp_path: Path) -> None:
    async def work() -> None:
        async with pair(tmp_path) as both:
            await both.call()
            lines = call_log_text(both.a).splitlines()
            words = [line.split("|")[1:3] for line in lines]
            assert words[0] == ["CC", "SETUP"]
            assert words[-1] == ["CC", "RELEASE"]
            assert lines[0].endswith("|1018|9898|9898")
            assert lines[1].endswith("|SEP001122334418|to-CUCM10")
            assert lines[-1].endswith("|16")
            trunk_lines = [line.split("|") for line in lines if "|SIPT|" in line]
            assert {tuple(line[5:10]) for line in trunk_lines} == {(both.a.ip, "5061", "to-CUCM10", both.b.ip, "5061")}
            path = next((both.a.active_log / "cm/trace/ccm/calllogs").glob("*.txt"))
            assert path.name == "calllogs_00000001.txt"
            with path.open("rb") as stream:
                assert len(parse_trace(stream, file_name=path.name).call_log) == len(lines)

    run(work())


def test_times_are_the_nodes_clock_in_its_zone(tmp_path: Path) -> None:
    async def work() -> None:
        both = pair(tmp_path)
        both.a.clock_offset = timedelta(days=-3)
        both.a.traces = TraceWriter(both.a, zone=timezone(timedelta(hours=-4, minutes=-30)))
        both.a.call_manager = CallManager(both.a, length=CallLength(packets=2, interval_seconds=0.002))
        both.b.clock_offset = timedelta(days=-3)
        async with both:
            await both.call()
            report = trace_of(both.a)
            assert report.header is not None
            assert report.header.utc_offset_seconds == -4 * 3600 - 1800
            assert "UTC:-04:30,Date: " in sdl_text(both.a)
            expected = datetime.now(UTC) - timedelta(days=3)
            assert report.first_at is not None
            assert abs(report.first_at - expected) < timedelta(minutes=5)

    run(work())


@pytest.mark.parametrize(
    ("minutes", "text"), [(0, "+00:00"), (330, "+05:30"), (-240, "-04:00"), (-570, "-09:30"), (840, "+14:00")]
)
def test_the_offset_from_utc_has_a_sign_and_two_digits(minutes: int, text: str) -> None:
    at = datetime(2026, 1, 1, tzinfo=timezone(timedelta(minutes=minutes)))
    assert sdl_records.utc_offset(at) == text


def test_a_full_file_is_compressed_and_the_next_begins_with_its_own_head(tmp_path: Path) -> None:
    async def work() -> None:
        both = pair(tmp_path)
        both.a.traces = TraceWriter(both.a, largest_file_bytes=3000)
        both.a.call_manager = CallManager(both.a, length=CallLength(packets=2, interval_seconds=0.002))
        async with both:
            await both.call()
            sdl_text(both.a)
            folder = both.a.active_log / "cm/trace/ccm/sdl"
            names = sorted(path.name for path in folder.iterdir())
            assert names[0] == "SDL001_100_000001.txt.gz"
            assert len(names) >= 3
            assert [name for name in names if name.endswith(".txt")] == [f"SDL001_100_{len(names):06d}.txt"]
            methods: list[str] = []
            for number, path in enumerate(sorted(folder.iterdir()), start=1):
                content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
                first = content.decode().splitlines()[0]
                assert "|FileHead |" in first
                assert f"FileNumber: {number}," in first
                with path.open("rb") as stream:
                    methods += [str(each.message.method) for each in parse_trace(stream, file_name=path.name).sip_messages]
            assert [method for method in methods if method != "None"] == ["INVITE", "ACK", "BYE"]

    run(work())


def test_only_as_many_files_are_kept_as_configured(tmp_path: Path) -> None:
    file = RotatingFile(tmp_path / "new", "f_", 3, head=lambda number: f"head {number}", largest_bytes=10, keep_files=2)
    for number in range(6):
        file.write(f"line {number}")
    file.close()
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["f_004.txt.gz", "f_005.txt.gz", "f_006.txt"]
    assert (tmp_path / "new" / "f_006.txt").read_text() == "head 6\nline 5\n"


def test_a_failed_handshake_is_traced_on_the_side_that_refuses_and_on_the_refused(tmp_path: Path) -> None:
    async def work() -> None:
        both = pair(tmp_path)
        both.b.certificates.trusted.clear()  # type: ignore[attr-defined]
        async with both:
            await both.call()
            refusing = [event for event in trace_of(both.b).events if event.kind == "tls_error"]
            refused = [event for event in trace_of(both.a).events if event.kind == "tls_error"]
            assert refusing
            assert refused
            assert "tlsv1 alert unknown ca" in sdl_text(both.a)

    run(work())


@pytest.mark.parametrize(
    ("fault", "present"),
    [("trace_names_another_cipher", "--Cipher NULL-SHA"), ("certificate_indication_of_another_connection", "connIdx= 8 ")],
)
def test_trace_faults_contradict_the_wire(tmp_path: Path, fault: str, present: str) -> None:
    async def work() -> None:
        both = pair(tmp_path)
        both.a.cluster.faults.add(fault)
        async with both:
            await both.call()
            assert present in sdl_text(both.a)
            assert present not in sdl_text(both.b)

    run(work())


def test_rotated_away_traces_no_longer_hold_the_call(tmp_path: Path) -> None:
    async def work() -> None:
        both = pair(tmp_path)
        async with both:
            await both.call()
            assert "INVITE" in sdl_text(both.a)
            both.a.cluster.faults.add("trace_rotated_away")
            assert "INVITE" not in sdl_text(both.a)
            report = trace_of(both.a)
            assert report.header is not None
            assert report.digit_analysis == ()
        assert both.a.traces is not None
        both.a.traces.flush()
        assert not list((both.a.active_log / "cm/trace/ccm/sdl").glob("*.gz"))

    run(work())


def test_a_subscriber_writes_under_its_own_number_and_registers_no_phones(tmp_path: Path) -> None:
    async def work() -> None:
        both = pair(tmp_path)
        both.a.number, both.a.role = 2, "subscriber"
        both.a.traces = TraceWriter(both.a)
        both.a.call_manager = CallManager(both.a, length=CallLength(packets=2, interval_seconds=0.002))
        async with both:
            await both.call()
            report = trace_of(both.a)
            assert report.header is not None
            assert report.header.node_id == 2
            assert (both.a.active_log / "cm/trace/ccm/sdl/SDL002_100_000001.txt").is_file()
            assert "PID=SIPD(2,100,74,1)" in sdl_text(both.a)
            assert both.a.call_manager.phone_status("SEP001122334418") == ("UnRegistered", 10)

    run(work())

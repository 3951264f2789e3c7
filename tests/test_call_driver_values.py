"""What call drivers are made of, as values: digest answers, G.711, markers, capture files, endings of calls, inventory fields."""

import io
import random
import re
import tomllib
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_cucmtls.evidence.judge import judge
from pytest_cucmtls.inventory import parse_inventory
from pytest_cucmtls.inventory_template import TEMPLATE
from pytest_cucmtls.model.call_setup import CallSetup, call_setup_from_json, call_setup_of
from pytest_cucmtls.model.calls import CallOutcome
from pytest_cucmtls.model.errors import ConfigurationInvalid, UnexpectedAnswer
from pytest_cucmtls.model.evidence import Evidence
from pytest_cucmtls.model.network import Endpoint
from pytest_cucmtls.model.secrets import Secret
from pytest_cucmtls.model.sip import SipMessage
from pytest_cucmtls.model.verdicts import Verdict
from pytest_cucmtls.policies import load_policy
from pytest_cucmtls.rehearsal.built_pair import good_pair, with_traces
from pytest_cucmtls.rehearsal.built_traces import dialogue, sip
from pytest_cucmtls.sim.inventory_plan import read_plan
from pytest_cucmtls.wire import g711
from pytest_cucmtls.wire.call_endings import ending_of
from pytest_cucmtls.wire.capture_report import parse_capture
from pytest_cucmtls.wire.marker_tones import BLOCK_SAMPLES, MarkerMatch, marker_samples, match_marker
from pytest_cucmtls.wire.pcap_write import Datagram, capture_of
from pytest_cucmtls.wire.sip_digest import authorization_value, parse_challenge, strongest_challenge
from pytest_cucmtls.wire.sip_messages import parse_sip_message

RFC7616 = 'realm="http-auth@example.org", nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", qop="auth, auth-int"'
RFC7616_NONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_examples_of_rfc_7616_are_answered_as_it_says(algorithm: str, response: str) -> None:
    challenge = parse_challenge(f'Digest {RFC7616}, algorithm={algorithm}, opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"')
    value = authorization_value(
        challenge, "Mufasa", Secret("Circle of Life"), "GET", "/dir/index.html", client_nonce=RFC7616_NONCE
    )
    assert f'response="{response}"' in value
    assert f"algorithm={algorithm}" in value
    assert "nc=00000001" in value
    assert "Circle" not in value


def test_the_example_of_rfc_2617_without_quality_is_answered() -> None:
    challenge = parse_challenge('Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"')
    value = authorization_value(challenge, "Mufasa", Secret("Circle Of Life"), "GET", "/dir/index.html", client_nonce="0a4f113b")
    assert 'response="670fd8c2df070c60b045671b8b24ff02"' in value
    assert "algorithm" not in value
    assert "cnonce" not in value


def test_of_several_challenges_the_strongest_that_can_be_answered_is_taken() -> None:
    values = ['Digest realm="a", nonce="1", algorithm=MD5', 'Digest realm="a", nonce="2", algorithm=SHA-256', "Basic x"]
    best = strongest_challenge([*values, 'Digest realm="a", nonce="3", algorithm=SHA-512-256'])
    assert best is not None
    assert (best.hash_name, best.nonce) == ("SHA-256", "2")
    assert strongest_challenge(["Basic x", ""]) is None


@pytest.mark.parametrize(
    "value",
    ["", "Basic realm=x", 'Digest realm="a"', 'Digest nonce=""', 'Digest nonce="1", algorithm=SHA-1',
     'Digest nonce="1", qop="auth-int"', 'Digest nonce="' + "x" * 9000 + '"'],
)  # fmt: skip
def test_a_challenge_that_cannot_be_answered_is_said_to_be_one(value: str) -> None:
    with pytest.raises(UnexpectedAnswer):
        parse_challenge(value)


@settings(max_examples=100)
@given(st.text(max_size=300))
def test_any_challenge_is_read_or_refused_and_its_answer_is_one_line(text: str) -> None:
    for value in (text, f"Digest {text}", f'Digest nonce="1", realm="{text}"'):
        try:
            challenge = parse_challenge(value)
        except UnexpectedAnswer:
            continue
        answer = authorization_value(challenge, "u", Secret("p"), "INVITE", "sip:x", client_nonce="c")
        assert answer.startswith("Digest ")


@pytest.mark.parametrize("codec", ["PCMU", "PCMA"])
def test_g711_gives_back_what_it_was_given_within_its_steps(codec: str) -> None:
    samples = list(range(-32600, 32600, 13))
    assert all(
        abs(back - sample) <= max(16, abs(sample) // 16)
        for back, sample in zip(g711.decode(codec, g711.encode(codec, samples)), samples, strict=True)
    )
    every = bytes(range(256))
    back = g711.encode(codec, g711.decode(codec, every))
    assert [one for one, other in zip(every, back, strict=True) if one != other] in ([], [127])  # µ-law has two zeros


def test_the_known_bytes_of_g711() -> None:
    assert g711.encode("PCMU", [0, 32635, -32635]) == bytes([0xFF, 0x80, 0x00])
    assert g711.encode("PCMA", [0, 32767, -32768]) == bytes([0xD5, 0xAA, 0x2A])


TOKEN = "0123fedc4567"


@pytest.mark.parametrize("codec", ["PCMU", "PCMA"])
@pytest.mark.parametrize("offset", [0, 1, 79, 80, 159, 5000])
def test_a_marker_is_heard_wherever_the_recording_begins(codec: str, offset: int) -> None:
    heard = g711.decode(codec, g711.encode(codec, marker_samples(TOKEN) * 2))[offset:]
    match = match_marker(heard, TOKEN)
    assert match.heard
    assert not match_marker(heard, "76543210abcd").heard


def test_a_marker_is_heard_through_noise_and_gaps_but_noise_is_none() -> None:
    noise = random.Random(7)
    clean = marker_samples(TOKEN) * 3
    rough = [sample + noise.randint(-2000, 2000) for sample in clean]
    rough[4000:6000] = [0] * 2000
    assert match_marker(rough, TOKEN).heard
    assert not match_marker([noise.randint(-8000, 8000) for _ in range(30_000)], TOKEN).heard


@pytest.mark.parametrize("samples", [[], [0] * 8000, [1] * (BLOCK_SAMPLES - 1), [32767, -32768] * 8000])
def test_silence_and_other_sounds_are_no_marker(samples: list[int]) -> None:
    match = match_marker(samples, TOKEN)
    assert not match.heard
    assert match.share == 0.0


@pytest.mark.parametrize(("fitting", "heard"), [(60, True), (59, False)])
def test_six_blocks_in_ten_must_fit(fitting: int, heard: bool) -> None:
    assert MarkerMatch(100, fitting, 12).heard is heard
    assert not MarkerMatch(100, fitting, 11).heard


@pytest.mark.parametrize("token", ["", "0123", "0123456789AB", "0123456789abc", "zzzzzzzzzzzz"])
def test_only_twelve_hexadecimal_digits_are_a_marker(token: str) -> None:
    with pytest.raises(ValueError, match="12 hexadecimal digits"):
        marker_samples(token)
    with pytest.raises(ValueError, match="12 hexadecimal digits"):
        match_marker([], token)


@pytest.mark.parametrize(("one", "other"), [("10.0.0.1", "10.0.0.2"), ("2001:db8::1", "2001:db8::2")])
def test_packets_written_are_packets_read(one: str, other: str) -> None:
    packets = [
        Datagram(1_700_000_000_000_000_000 + 20_000_000 * n, Endpoint(one, 20000), Endpoint(other, 30000), rtp(n))
        for n in range(60)
    ]
    report = parse_capture(io.BytesIO(capture_of(packets)))
    assert report.readable
    assert report.packets == 60
    assert [(stream.packets, stream.src.ip) for stream in report.streams] == [(60, one)]


def rtp(number: int) -> bytes:
    """A packet of one source."""
    head = bytes([0x80, 0]) + number.to_bytes(2, "big") + (number * 160).to_bytes(4, "big") + b"\0\0\0\7"
    return head + g711.encode("PCMU", marker_samples(TOKEN)[number * 160 : number * 160 + 160])


def answer(status: int, *headers: str, cseq: str = "1 INVITE") -> SipMessage:
    """A SIP answer."""
    text = f"SIP/2.0 {status} x\r\nCall-ID: 1\r\nCSeq: {cseq}\r\n" + "".join(f"{header}\r\n" for header in headers)
    return parse_sip_message((text + "\r\n").encode())


PARTY = 'P-Asserted-Identity: "Anna" <sip:9898@10.0.0.1>'
ENDINGS: list[tuple[list[SipMessage], dict[str, Any], CallOutcome]] = [
    ([answer(100), answer(180), answer(200, PARTY)], {}, CallOutcome.ANSWERED),
    ([answer(200, "Remote-Party-ID: <sip:+339898@x>;party=called")], {}, CallOutcome.ANSWERED),
    ([answer(200)], {}, CallOutcome.ANSWERED),
    ([answer(200, "P-Asserted-Identity: <sip:7777@x>")], {}, CallOutcome.FORWARDED),
    ([answer(181, "Diversion: <sip:9898@x>;reason=unconditional"), answer(200)], {}, CallOutcome.FORWARDED),
    ([answer(200, 'P-Asserted-Identity: "Voice Mail" <sip:5000@x>')], {}, CallOutcome.VOICEMAIL),
    ([answer(200, "P-Asserted-Identity: <sip:5000@x>")], {"voicemail": "5000"}, CallOutcome.VOICEMAIL),
    ([answer(486, "Reason: Q.850;cause=17")], {}, CallOutcome.BUSY),
    ([answer(600)], {}, CallOutcome.BUSY),
    ([answer(180), answer(480)], {}, CallOutcome.NO_ANSWER),
    ([answer(480, "Reason: Q.850; cause=19")], {}, CallOutcome.NO_ANSWER),
    ([answer(480)], {}, CallOutcome.UNAVAILABLE),
    ([answer(480, "Reason: Q.850;cause=20")], {}, CallOutcome.UNAVAILABLE),
    ([answer(180), answer(487)], {"gave_up": True}, CallOutcome.NO_ANSWER),
    ([answer(180), answer(487)], {}, CallOutcome.CANCELLED),
    ([answer(404)], {}, CallOutcome.UNKNOWN_NUMBER),
    ([answer(503, "Reason: Q.850;cause=1")], {}, CallOutcome.UNKNOWN_NUMBER),
    ([answer(603)], {}, CallOutcome.REJECTED),
    ([answer(403, "Reason: Q.850;cause=21")], {}, CallOutcome.REJECTED),
    ([answer(488, "Reason: Q.850;cause=47")], {}, CallOutcome.MEDIA_REFUSED),
    ([answer(503)], {}, CallOutcome.FAILED),
    ([answer(401), answer(486)], {}, CallOutcome.BUSY),
    ([answer(200, cseq="2 BYE")], {}, CallOutcome.SILENCE),
    ([], {}, CallOutcome.SILENCE),
    ([answer(180)], {"gave_up": True}, CallOutcome.NO_ANSWER),
]


@pytest.mark.parametrize(("messages", "options", "outcome"), ENDINGS)
def test_endings_are_told_apart(messages: list[SipMessage], options: dict[str, Any], outcome: CallOutcome) -> None:
    ending = ending_of("9898", messages, **options)
    assert ending.outcome is outcome
    assert ending.sentence


def test_a_history_says_who_passed_the_call_on_and_why() -> None:
    history = "History-Info: <sip:9898@x?Reason=SIP%3Bcause%3D408>;index=1,<sip:5000@x;cause=408>;index=1.1"
    ending = ending_of("9898", [answer(200, history, 'P-Asserted-Identity: "Unity" <sip:5000@x>')])
    assert ending.outcome is CallOutcome.VOICEMAIL
    assert (ending.redirected_by, ending.why_redirected) == (("9898",), "no-answer")
    assert "passed on by 9898 (no-answer)" in ending.sentence


@settings(max_examples=100)
@given(st.lists(st.tuples(st.integers(100, 699), st.text(max_size=60)), max_size=6), st.text(max_size=10))
def test_any_headers_end_in_an_outcome(parts: list[tuple[int, str]], dialled: str) -> None:
    names = ("Reason", "Diversion", "History-Info", "P-Asserted-Identity")
    messages = [
        SipMessage("", (*((name, text) for name in names), ("CSeq", "1 INVITE")), status_code=status) for status, text in parts
    ]
    assert ending_of(dialled, messages).sentence


def file(name: str) -> str:
    """As the inventory completes names."""
    return f"/inventory/{name}"


TLS = {"transport": "tls", "ca_file": "ca.pem"}


def test_an_inventory_without_a_word_about_calls_uses_webdialer() -> None:
    assert call_setup_of({"extension": "1"}, file) == CallSetup()
    assert call_setup_from_json(None) == CallSetup()


def test_a_phone_is_read_and_comes_back_from_json() -> None:
    keys = {"certificate_file": "p.pem", "key_file": "p.key"}
    found = call_setup_of({"call_driver": "sip-phone", "voicemail": "5000", "sip_phone": {**TLS, **keys, "port": 5061}}, file)
    assert (found.driver, found.ca_file, found.key_file, found.port) == (
        "sip-phone",
        "/inventory/ca.pem",
        "/inventory/p.key",
        5061,
    )
    assert call_setup_from_json(asdict(found)) == found


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"call_driver": "carrier-pigeon"}, "call_driver"),
        ({"sip_phone": {"transport": "udp"}}, "of no use"),
        ({"call_driver": "sip-phone", "sip_phone": 5}, "must be a table"),
        ({"call_driver": "sip-phone", "sip_phone": {"colour": "red"}}, "unknown key"),
        ({"call_driver": "sip-phone"}, "ca_file"),
        ({"call_driver": "sip-phone", "sip_phone": {"transport": "udp", "media": "srtp"}}, "keys could be read"),
        ({"call_driver": "sip-phone", "sip_phone": {**TLS, "certificate_file": "x"}}, "go together"),
        ({"call_driver": "sip-phone", "sip_phone": {**TLS, "port": 70000}}, "port"),
        ({"call_driver": "sip-phone", "sip_phone": {**TLS, "port": True}}, "port"),
        ({"call_driver": "sip-phone", "sip_phone": {**TLS, "ring_seconds": -1}}, "ring_seconds"),
        ({"call_driver": "operator", "operator": {"wait_seconds": "long"}}, "wait_seconds"),
        ({"call_driver": "replay"}, "must be named"),
        ({"call_driver": "replay", "replay": {"captures": "a.pcap", "traces": ["t"]}}, "list of texts"),
        ({"voicemail": 5000}, "voicemail"),
    ],
)
def test_a_setup_that_cannot_be_meant_is_refused(values: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        call_setup_of(values, file)


def test_the_inventory_names_the_place_of_a_mistake() -> None:
    text = TEMPLATE.replace('trunk = "to-cluster-b" ', 'call_driver = "pigeon"\ntrunk = "to-cluster-b" ')
    with pytest.raises(ConfigurationInvalid, match=r"clusters\.A\.call_driver"):
        parse_inventory(text)


def test_an_operator_needs_no_account_of_an_end_user() -> None:
    without = TEMPLATE.replace("[clusters.A.call]", "[clusters.A.operator]\nwait_seconds = 60\n[ignored]").replace(
        'trunk = "to-cluster-b" ', 'call_driver = "operator"\ntrunk = "to-cluster-b" '
    )
    lines = without.split("[ignored]")
    rest = lines[1].split("# [clusters.A.sip_phone]", 1)[1]
    found = parse_inventory(lines[0] + "# " + rest)
    assert found.cluster_a.calling.operator_seconds == 60
    assert found.cluster_a.call.user == ""


def test_every_example_of_the_guide_is_a_setup() -> None:
    text = (Path(__file__).parents[1] / "docs" / "calls.md").read_text(encoding="utf-8")
    found = [
        call_setup_of(tomllib.loads(block)["clusters"]["A"], file) for block in re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    ]
    assert [setup.driver for setup in found] == ["sip-phone", "operator", "replay"]
    assert all(f"`{outcome.value}`" in text for outcome in CallOutcome)


@pytest.mark.parametrize(
    ("status", "cause", "words"),
    [
        (486, 17, "busy (486, Q.850 cause 17)"),
        (480, 19, "no answer (480, Q.850 cause 19)"),
        (480, 20, "unavailable (480, Q.850 cause 20)"),
        (404, 1, "unknown number (404, Q.850 cause 1)"),
        (488, 47, "media refused (488, Q.850 cause 47)"),
    ],
)
def test_a_verdict_says_what_the_call_met(status: int, cause: int, words: str) -> None:
    invite, trying = dialogue("A", "B")[:2]
    final = sip(f"SIP/2.0 {status} x", "101 INVITE", invite[1].call_id or "", extra=(("Reason", f"Q.850;cause={cause}"),))
    evidence = with_traces(good_pair(), dialogues={("A", "B"): (invite, trying, ("in", final))})
    assert words in answering(evidence).diagnosis


@pytest.mark.parametrize(("pilot", "words"), [("5000", "5000: by voicemail"), ("", "5000: forwarded, or voicemail")])
def test_a_verdict_says_voicemail_where_the_pilot_is_declared(pilot: str, words: str) -> None:
    evidence = with_traces(good_pair(), dialogues={("A", "B"): dialogue("A", "B", answered_by="5000")})
    called = replace(evidence.inventory.cluster_b, calling=CallSetup(voicemail=pilot))
    evidence = replace(evidence, inventory=replace(evidence.inventory, cluster_b=called))
    assert words in answering(evidence).diagnosis


def answering(evidence: Evidence) -> Verdict:
    """The verdict about who answered A's call."""
    found = judge(evidence, load_policy(evidence.inventory.policy))
    return next(verdict for verdict in found if (verdict.check, verdict.subject) == ("right_party_answers", "A->B"))


def test_files_of_a_simulated_phone_are_found_from_its_inventory(tmp_path: Path) -> None:
    text = """
    [clusters.A]
    extension = "1"
    phone = "SEP1"
    trunk = "t"
    call_driver = "sip-phone"
    sip_phone = { transport = "tls", ca_file = "ca.pem", port = 5061 }
    nodes = [{ name = "a", address = "sim://15" }]
    """
    (tmp_path / "clusters.toml").write_text(text)
    (cluster,) = read_plan(tmp_path / "clusters.toml").clusters
    assert dict(cluster.sip_phone) == {"transport": "tls", "ca_file": str(tmp_path / "ca.pem"), "port": 5061}

"""Sections of the HTML report: findings, steps, certificates, ladders, calls, media, listeners, dates, what changed."""

from dataclasses import replace
from datetime import timedelta

import pytest

from pytest_cucmtls.checks.requirements_map import REQUIREMENTS
from pytest_cucmtls.evidence.comparison.compare_runs import Comparison, Difference
from pytest_cucmtls.evidence.given.preference import Change
from pytest_cucmtls.model.capture import MediaProtection, MediaQuality, MediaStream
from pytest_cucmtls.model.evidence import StepRecord
from pytest_cucmtls.model.handshakes import HandshakeMessage, HandshakeOutcome
from pytest_cucmtls.model.network import Endpoint
from pytest_cucmtls.model.probe import Answer, ListenerAnswer, ProbeReport
from pytest_cucmtls.model.verdicts import Clause, EvidenceItem, Outcome, Verdict
from pytest_cucmtls.model.waivers import AppliedWaiver, Waiver
from pytest_cucmtls.report.html.page import render_page
from pytest_cucmtls.report.html.words import LANGUAGES
from tests.evidence_builders import (
    GCM,
    NOW,
    NULL_SHA,
    capture,
    certificate,
    dialogue,
    good_pair,
    handshake,
    named,
    self_signed,
    sourced,
    trace,
    with_node,
    with_wire,
)
from tests.html_pages import bare, page, parsed, refused, verdicts_of, words_in


def matrix_of(text: str) -> str:
    table = next(element for element in parsed(text).iter("table") if element.get("class") == "matrix")
    return " ".join("".join(table.find("tbody").itertext()).split())


def test_a_finding_spells_its_remedy_out_and_names_clause_with_reliability() -> None:
    finding = Verdict(
        "a_check",
        "A claim.",
        "6",
        "config",
        "A/CUCMA",
        Outcome.FAIL,
        "wanted",
        "seen",
        "A sees it otherwise.",
        ("S6", "X9"),
        (Clause("RFC 5280", "§6", "M"),),
        (EvidenceItem("raw/a.txt", "ab" * 32),),
    )
    shown = words_in(page(verdicts=[finding]))
    assert "S6 Upload the root" in shown
    assert "X9 X9" in shown
    assert "RFC 5280, §6 M" in shown
    assert "raw/a.txt" in shown


@pytest.mark.parametrize(
    ("expired", "text"),
    [(False, "Accepted by alice until 2027-01-31: soon"), (True, "No longer accepted: the acceptance by alice")],
)
def test_a_waiver_stands_beside_its_finding_which_stays_a_finding(expired: bool, text: str) -> None:
    waiver = AppliedWaiver(Waiver("no_sip_in_clear", "*", "alice", "soon", "2027-01-31"), expired)
    verdicts = [
        replace(verdict, outcome=Outcome.FAIL, waiver=waiver) if verdict.check == "no_sip_in_clear" else verdict
        for verdict in verdicts_of(good_pair())
    ]
    shown = words_in(page(verdicts=verdicts))
    assert text in shown
    assert "Refuted in both directions" in shown


def test_missing_evidence_is_grouped_by_what_would_decide_it() -> None:
    verdicts = verdicts_of(bare(good_pair()))
    root = parsed(page(bare(good_pair()), verdicts=verdicts))
    gaps = [element for element in root.iter("article") if element.get("class") == "gap"]
    undecided = [v for v in verdicts if v.outcome is Outcome.INCONCLUSIVE and not v.depends_on]
    assert len(gaps) == len({v.diagnosis for v in undecided})
    assert sum(len(gap.findall(".//li")) for gap in gaps) >= len(undecided)


def test_what_was_not_evaluated_is_named_and_not_repeated_as_a_finding() -> None:
    verdicts = verdicts_of(refused())
    root = parsed(page(refused(), verdicts=verdicts))
    waiting = [v.check for v in verdicts if v.depends_on]
    assert waiting
    findings = [" ".join(article.itertext()) for article in root.iter("article")]
    assert not any(f"“{v.title}”" in text for v in verdicts if v.depends_on for text in findings)


def test_steps_show_what_was_changed_and_how_long_it_took() -> None:
    change = "A/CUCMA CallManager request: none → a request for CN=CUCMA (cli)"
    record = StepRecord(3, "Requests", Outcome.PASS, "1 change(s)", (change, "something else happened"))
    shown = words_in(page(replace(good_pair(), steps=(sourced(record, "step-3"),))))
    assert "A/CUCMA CallManager request none → → a request for CN=CUCMA cli" in shown
    assert "something else happened" in shown
    assert "2.00 s" in shown


def test_a_step_that_stopped_says_why() -> None:
    record = StepRecord(8, "Profile", Outcome.BLOCKED, "the profile exists with other values", ())
    assert "the profile exists with other values" in words_in(page(replace(good_pair(), steps=(sourced(record, "step-8"),))))


def test_a_certificate_served_after_it_was_replaced_is_marked_character_by_character() -> None:
    old = handshake("A", "B", server_chain=(self_signed("CUCM10"),))
    root = parsed(page(with_wire(good_pair(), old, handshake("B", "A"))))
    assert [mark.text for mark in root.iter("mark")]
    assert "different" in words_in(page(with_wire(good_pair(), old, handshake("B", "A"))))


def test_equal_certificates_have_no_marks() -> None:
    assert not [*parsed(page()).iter("mark")]


def test_ladders_show_alerts_and_data_without_encryption() -> None:
    assert "Alert fatal: unknown_ca" in words_in(page(refused()))


def test_tls_connections_that_were_not_seen_say_why() -> None:
    text = page(with_wire(good_pair(), handshake("B", "A")))
    assert "not seen" in matrix_of(text)
    assert "a TLS connection A->B" in words_in(text)


def test_a_handshake_without_an_end_is_no_unseen_one() -> None:
    cut = handshake("A", "B", outcome=HandshakeOutcome.INCOMPLETE, version=None, cipher_suite=None)
    cells = matrix_of(page(with_wire(good_pair(), cut, handshake("B", "A"))))
    assert "0 complete, 0 refused, 1 incomplete" in cells
    assert "not seen" not in cells


def test_the_way_of_the_digits_is_shown_stop_by_stop() -> None:
    root = parsed(page())
    ways = [element for element in root.iter("ol") if element.get("class") == "way"]
    assert [len(way) for way in ways] == [7, 7]
    assert all("proven" in stop.get("class") for way in ways for stop in way)


def test_another_party_that_answers_is_shown_in_the_way() -> None:
    evidence = with_node(
        good_pair(), "A", traces=(sourced(trace("A", dialogues={("A", "B"): dialogue("A", "B", answered_by="7000")}), "sdl-A"),)
    )
    shown = words_in(page(evidence))
    assert "7000" in shown


def test_media_negotiated_in_clear_is_shown_as_refuted() -> None:
    evidence = with_node(
        good_pair(),
        "A",
        traces=(sourced(trace("A", dialogues={("A", "B"): dialogue("A", "B", profile="RTP/AVP")}), "sdl-A"),),
    )
    media = [element for element in parsed(page(evidence)).iter("p") if "RTP/AVP" in "".join(element.itertext())]
    assert any(element.get("class") == "refuted" for element in media)


def test_streams_of_a_capture_become_bars_and_none_is_said_to_be_none() -> None:
    stream = MediaStream(
        Endpoint("10.0.0.1", 20000), Endpoint("10.0.0.2", 30000), 0x1234ABCD, 50, "srtp", NOW, NOW + timedelta(seconds=1)
    )
    seen = capture(handshake("A", "B"), handshake("B", "A"), streams=(stream,))
    assert "SSRC 0x1234ABCD" in words_in(page(with_node(good_pair(), "A", captures=(sourced(seen, "capture"),))))
    assert "No capture holds media packets" in words_in(page())


def test_what_proves_a_stream_and_what_is_wrong_with_it_stand_beside_it() -> None:
    stream = MediaStream(
        Endpoint("10.0.0.1", 20000),
        Endpoint("10.0.0.2", 30000),
        1,
        50,
        "srtp",
        NOW,
        NOW + timedelta(seconds=1),
        quality=MediaQuality(52, 2, 0, 0, 0.0015, 0.1),
        protection=MediaProtection(2, 48, "AES_CM_128_HMAC_SHA1_80"),
        findings=("2 packets do not authenticate.",),
    )
    seen = capture(handshake("A", "B"), handshake("B", "A"), streams=(stream,))
    shown = words_in(page(with_node(good_pair(), "A", captures=(sourced(seen, "capture"),))))
    for text in ("48/50 (AES_CM_128_HMAC_SHA1_80)", "2/52, 1.5 ms", "2 packets do not authenticate."):
        assert text in shown


def test_what_a_listener_takes_and_refuses_is_shown_question_by_question() -> None:
    answers = (
        ListenerAnswer("version", "TLSv1.0", Answer.REFUSED, "alert fatal protocol_version"),
        ListenerAnswer("version", "TLSv1.2", Answer.ACCEPTED, "selected"),
        ListenerAnswer("clear_sip", "tcp", Answer.NOT_ASKED, ""),
    )
    report = ProbeReport("10.1.0.1", 5061, NOW, NOW, "OpenSSL", 0.0, answers)
    root = parsed(page(with_node(good_pair(), "A", probe=sourced(report, "probe"))))
    asked = [
        (element.get("class"), (element.text or "")) for element in root.iter("span") if "ask " in (element.get("class") or "")
    ]
    assert asked == [("ask refused", "TLSv1.0"), ("ask accepted", "TLSv1.2"), ("ask not_asked", "tcp")]


def test_every_requirement_of_the_product_has_a_tile() -> None:
    tiles = next(element for element in parsed(page()).iter("ul") if element.get("class") == "tiles")
    assert [tile.findtext("b") for tile in tiles] == [requirement.id for requirement in REQUIREMENTS]


def test_the_forecast_names_the_first_certificate_to_end() -> None:
    soon = certificate("CUCMA", days=35, serial=9)
    evidence = with_node(good_pair(), "A", own_certificate=sourced(named(soon), "own"))
    assert "First to end: A/CUCMA, on 2026-06-06, 5 days after the judgement." in words_in(page(evidence))


def test_an_expired_certificate_is_a_negative_number_of_days() -> None:
    gone = certificate("CUCMA", days=20, serial=10)
    assert "-10 days" in words_in(page(with_node(good_pair(), "A", own_certificate=sourced(named(gone), "own"))))


def test_data_under_a_suite_that_does_not_encrypt_is_marked() -> None:
    data = HandshakeMessage("client", "application_data", 20, NOW + timedelta(seconds=2))
    messages = (*handshake("A", "B").messages, data)
    bare_suite, real_suite = (handshake("A", "B", cipher_suite=suite, messages=messages) for suite in (NULL_SHA, GCM))
    assert "Application Data (not encrypted)" in words_in(page(with_wire(good_pair(), bare_suite)))
    assert "not encrypted)" not in words_in(page(with_wire(good_pair(), real_suite)))


# since the baseline


def compared(*differences: Difference) -> Comparison:
    return Comparison("/runs/run-0", "/runs/run-1", "cisco-hardening", tuple(differences), 490, ("one note",))


def since(comparison: Comparison, language: str = "en") -> str:
    return render_page([], good_pair(), {}, language=language, comparison=comparison)


def test_without_a_baseline_nothing_is_said_about_one() -> None:
    assert "Since the baseline" not in page()


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_worse_stands_open_on_top_and_what_was_expected_is_folded(language: str) -> None:
    worse = Difference(Change.WORSE, "security_profile", "A", "profile", "mode", "Encrypted", "Authenticated", "")
    fine = Difference(Change.EXPECTED, "release", "A", "node", "release", "14.0.1", "15.0.1", "a newer release")
    text = since(compared(worse, fine), language)
    assert parsed(text) is not None
    section = next(one for one in parsed(text).iter("section") if one.get("id") == "changes")
    assert [one.get("open") for one in section.iter("details")] == ["open", None]
    assert "run-0" in "".join(section.itertext())
    assert "/runs/" not in "".join(section.itertext())
    marked = ["".join(mark.itertext()) for mark in section.iter("mark")]
    assert marked == ["4", "5"]


def test_verdicts_that_went_the_same_way_share_a_row() -> None:
    lost = [
        Difference(Change.WORSE, "verdict", "A->B", name, "outcome", "PASS", "INCONCLUSIVE", "no trace")
        for name in ("one", "two")
    ]
    section = next(one for one in parsed(since(compared(*lost))).iter("section") if one.get("id") == "changes")
    assert len(list(section.iter("tr"))) == 2
    assert "".join(section.itertext()).count("no trace") == 1


def test_no_difference_is_said_to_be_none() -> None:
    assert "no differences" in words_in(since(compared()))

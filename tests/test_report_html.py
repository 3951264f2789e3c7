"""The one-file HTML report: complete, well formed, self-contained, in two languages, and safe with hostile names."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from pytest_cucmtls.checks.requirements_map import REQUIREMENTS
from pytest_cucmtls.evidence.comparison.compare_runs import Comparison, Difference
from pytest_cucmtls.evidence.given.preference import Change
from pytest_cucmtls.evidence.judge import judge
from pytest_cucmtls.evidence.run_folder import IndexLine, RunFolder
from pytest_cucmtls.model.capture import MediaProtection, MediaQuality, MediaStream
from pytest_cucmtls.model.errors import ConfigurationInvalid
from pytest_cucmtls.model.evidence import Evidence, StepRecord
from pytest_cucmtls.model.handshakes import Alert, HandshakeMessage, HandshakeOutcome
from pytest_cucmtls.model.network import Endpoint
from pytest_cucmtls.model.probe import Answer, ListenerAnswer, ProbeReport
from pytest_cucmtls.model.verdicts import Clause, EvidenceItem, Outcome, Verdict
from pytest_cucmtls.model.waivers import AppliedWaiver, Waiver
from pytest_cucmtls.policies import load_policy
from pytest_cucmtls.report.html.page import render_page, write_html_report
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
    session,
    sourced,
    trace,
    with_node,
    with_wire,
)

ABOUT: dict[str, object] = {
    "run": "run-1",
    "operator": "alice",
    "host": "desk",
    "tool": "pytest-cucmtls 0.1.0",
    "started_at": "2026-06-01T11:59:00Z",
    "ended_at": "2026-06-01T12:05:00+00:00",
    "mode": "apply",
    "phases": [{"phase": "step 3: requests", "seconds": 1.5}, {"phase": "step 3: requests", "seconds": 0.5}],
}


def verdicts_of(evidence: Evidence) -> list[Verdict]:
    return judge(evidence, load_policy(evidence.inventory.policy))


def page(
    evidence: Evidence | None = None, *, verdicts: list[Verdict] | None = None, language: str = "en", **about: object
) -> str:
    evidence = evidence or good_pair()
    found = verdicts_of(evidence) if verdicts is None else verdicts
    return render_page(found, evidence, ABOUT | about, language=language)


def parsed(text: str) -> etree._Element:
    """Strictly, as XML: every element closed, every attribute quoted, no character that a page may not hold."""
    return etree.fromstring(text.encode(), etree.XMLParser(resolve_entities=False, no_network=True))


def words_in(text: str) -> str:
    return " ".join("".join(parsed(text).itertext()).split())


def matrix_of(text: str) -> str:
    table = next(element for element in parsed(text).iter("table") if element.get("class") == "matrix")
    return " ".join("".join(table.find("tbody").itertext()).split())


def bare(evidence: Evidence) -> Evidence:
    """The same inventory, nothing gathered."""
    clusters = tuple(
        replace(
            cluster,
            nodes=tuple(replace(node_of(cluster), name=node.name) for node in cluster.nodes),
            security_profile=None,
            trunk=None,
            route_patterns=None,
            directory_numbers=None,
            phone=None,
        )
        for cluster in evidence.clusters
    )
    return replace(evidence, clusters=clusters, authority_chain=(), calls=(), witnesses=())


def node_of(cluster: object) -> object:
    return type(cluster.nodes[0])(cluster.nodes[0].name)


def refused() -> Evidence:
    alert = Alert("server", "fatal", "unknown_ca", 9, NOW + timedelta(seconds=2))
    broken = handshake("A", "B", outcome=HandshakeOutcome.REFUSED, alerts=(alert,))
    return with_wire(good_pair(), broken, handshake("B", "A"))


EVIDENCE: dict[str, Callable[[], Evidence]] = {"good": good_pair, "refused": refused, "bare": lambda: bare(good_pair())}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", EVIDENCE)
def test_the_page_is_well_formed_for_passing_failing_and_undecided_runs(kind: str, language: str) -> None:
    text = page(EVIDENCE[kind](), language=language)
    assert text.startswith("<!DOCTYPE html>")
    assert parsed(text).get("lang") == language


@pytest.mark.parametrize("kind", EVIDENCE)
def test_the_page_refers_to_nothing_outside_itself(kind: str) -> None:
    root = parsed(page(EVIDENCE[kind]()))
    for element in root.iter():
        assert element.tag not in {"script", "iframe", "object", "embed", "base", "form"}
        for attribute in ("src", "href", "action", "poster", "background", "cite", "srcset"):
            value = element.get(attribute)
            assert value is None or value.startswith("#") or value == "data:,", (element.tag, value)
    style = root.findtext("head/style") or ""
    assert "@import" not in style
    assert "url(" not in style


def test_links_inside_the_page_lead_somewhere() -> None:
    root = parsed(page(refused()))
    places = {element.get("id") for element in root.iter() if element.get("id")}
    assert {link.get("href")[1:] for link in root.iter("a")} <= places


def test_the_first_screen_leads_to_the_finding_that_decided() -> None:
    verdicts = [replace(verdict, outcome=Outcome.FAIL) for verdict in verdicts_of(good_pair()) if verdict.phase == "media"]
    links = [link.get("href") for link in parsed(page(verdicts=verdicts)).iter("a")]
    assert "#finding-1" in links


def test_ids_are_unique() -> None:
    ids = [element.get("id") for element in parsed(page(refused())).iter() if element.get("id")]
    assert len(ids) == len({*ids})


def test_the_browser_is_told_to_load_nothing() -> None:
    found = [meta for meta in parsed(page()).iter("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    assert "default-src 'none'" in found[0].get("content")


def test_the_first_screen_answers_both_directions() -> None:
    shown = words_in(page(verdicts=[v for v in verdicts_of(good_pair()) if v.outcome is not Outcome.WARN]))
    assert "Proven in both directions" in shown
    assert "A → B: proven." in shown
    assert "B → A: proven." in shown
    for fact in ("15.0.1.11900-23", "cisco-hardening", "alice @ desk", "2026-06-01 11:59:00 UTC", "procedure applied"):
        assert fact in shown


def test_the_first_screen_says_what_refutes() -> None:
    shown = words_in(page(refused()))
    assert "Refuted for A → B: no TLS connection." in shown
    assert "unknown_ca" in shown


def test_the_first_screen_says_what_to_collect() -> None:
    shown = words_in(page(bare(good_pair())))
    assert "Cannot be decided: evidence is missing." in shown
    assert "utils network capture" in shown


def test_simulated_clusters_are_named_as_such() -> None:
    evidence = good_pair()
    real, simulated = page(evidence), page(replace(evidence, inventory=replace(evidence.inventory, simulated=True)))
    assert "simulated clusters" not in real
    assert "simulated clusters" in simulated


def test_every_verdict_is_in_the_table() -> None:
    verdicts = verdicts_of(good_pair())
    rows = [row for row in parsed(page(verdicts=verdicts)).iter("tr") if (row.get("class") or "").startswith("o-")]
    assert len(rows) == len(verdicts)


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


def test_media_keys_never_reach_the_page() -> None:
    key = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
    crypto = f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{key}|2^20|1:4\r\n"
    spoken = dialogue("A", "B", offer=session(20000, crypto=crypto), answer=session(30000, crypto=crypto))
    text = page(with_node(good_pair(), "A", traces=(sourced(trace("A", dialogues={("A", "B"): spoken}), "sdl-A"),)))
    assert "AES_CM_128_HMAC_SHA1_80" in text
    assert key[:12] not in text


def test_the_forecast_names_the_first_certificate_to_end() -> None:
    soon = certificate("CUCMA", days=35, serial=9)
    evidence = with_node(good_pair(), "A", own_certificate=sourced(named(soon), "own"))
    assert "First to end: A/CUCMA, on 2026-06-06, 5 days after the judgement." in words_in(page(evidence))


def test_an_expired_certificate_is_a_negative_number_of_days() -> None:
    gone = certificate("CUCMA", days=20, serial=10)
    assert "-10 days" in words_in(page(with_node(good_pair(), "A", own_certificate=sourced(named(gone), "own"))))


HOSTILE = "</style><script>alert(1)</script><img src=x onerror=alert(1)>\"'&\x00\x1b[31m\u202e"


def test_hostile_names_in_certificates_stay_text() -> None:
    evil = certificate("<b>x</b>&\"'<script>", names=("<img src=x>",))
    evidence = with_node(good_pair(), "A", own_certificate=sourced(named(evil), "own"))
    text = page(evidence)
    root = parsed(text)
    assert not [*root.iter("script")]
    assert not [*root.iter("img")]
    assert "<b>x</b>&\"'<script>" in words_in(text)


def test_hostile_text_everywhere_else_stays_text() -> None:
    verdict = Verdict(
        HOSTILE,
        HOSTILE,
        "6",
        "config",
        HOSTILE,
        Outcome.FAIL,
        HOSTILE,
        HOSTILE,
        HOSTILE,
        (HOSTILE,),
        (Clause(HOSTILE, HOSTILE, HOSTILE),),
        (EvidenceItem(HOSTILE, HOSTILE),),
        (),
    )
    record = StepRecord(6, HOSTILE, Outcome.FAIL, HOSTILE, (HOSTILE,))
    evidence = replace(good_pair(), steps=(sourced(record),), reasons=((HOSTILE, HOSTILE),))
    text = page(evidence, verdicts=[verdict, replace(verdict, outcome=Outcome.INCONCLUSIVE)], operator=HOSTILE, run=HOSTILE)
    root = parsed(text)
    assert not [*root.iter("script", "img")]
    assert "\\u0000" in text
    assert "\\u202e" in text
    assert "\u202e" not in text


@given(st.text(max_size=40), st.sampled_from(Outcome))
@settings(max_examples=25, deadline=None)
def test_any_text_gives_a_well_formed_page(text: str, outcome: Outcome) -> None:
    verdict = Verdict(text, text, "6", "config", text, outcome, text, text, text, (text,), (Clause(text, text, text),))
    record = StepRecord(6, text, outcome, text, (text, f"a: {text} → {text} (axl)"))
    evidence = replace(good_pair(), steps=(sourced(record),), reasons=((text, text),))
    assert not [*parsed(page(evidence, verdicts=[verdict], operator=text)).iter("script")]


def test_the_same_arguments_give_the_same_page() -> None:
    assert page() == page()


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(ConfigurationInvalid, match="'de'"):
        page(language="de")


def test_the_french_page_keeps_no_english_word_of_its_own() -> None:
    shown = words_in(page(refused(), language="fr"))
    for english in ("Findings", "Ten steps", "Expected", "What to do", "Cannot be decided", "identical", "digit analysis"):
        assert english not in shown
    assert "Réfuté pour A → B : pas de connexion TLS." in shown


def test_texts_that_stay_english_say_so_to_a_screen_reader() -> None:
    root = parsed(page(refused(), language="fr"))
    assert [element for element in root.iter("p") if element.get("lang") == "en" and "unknown_ca" in "".join(element.itertext())]


def test_the_report_is_written_with_every_raw_item_of_the_folder(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.begin(good_pair().inventory, started_at=datetime(2026, 6, 1, tzinfo=UTC))
    kept = folder.keep(
        b"show version active", kind="version", cluster="A", node="CUCMA", interface="cli", operation="show version"
    )
    write_html_report(tmp_path / "report.html", verdicts_of(good_pair()), good_pair(), ABOUT)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert kept.path in unescape(text)
    assert kept.sha256 in text
    assert "cli: show version" in text


def test_without_a_run_folder_the_items_that_are_cited_are_listed(tmp_path: Path) -> None:
    write_html_report(tmp_path / "report.html", verdicts_of(good_pair()), good_pair(), ABOUT)
    assert "raw/own-CUCMA" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_a_thousand_verdicts_stay_below_five_megabytes() -> None:
    verdicts = verdicts_of(good_pair())
    many = (verdicts * (1000 // len(verdicts) + 1))[:1000]
    line = IndexLine(EvidenceItem("raw/x", "0" * 64), 5, "version", "A", "CUCMA", "cli", "show", NOW, "text/plain", {})
    text = render_page(many, good_pair(), ABOUT, [line] * 1000)
    assert len(text.encode()) < 5_000_000


def test_about_without_anything_is_enough() -> None:
    assert parsed(render_page([], bare(good_pair()), {})) is not None


def test_passwords_in_the_inventory_do_not_exist_to_be_shown() -> None:
    assert not re.search(r"password_variable|A_AXL|B_CALL", page())


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

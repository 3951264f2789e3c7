"""The one-file HTML report: complete, well formed, self-contained, in two languages, and safe with hostile names."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_cucmtls.evidence.run_folder import IndexLine, RunFolder
from pytest_cucmtls.model.errors import ConfigurationInvalid
from pytest_cucmtls.model.evidence import Evidence, StepRecord
from pytest_cucmtls.model.verdicts import Clause, EvidenceItem, Outcome, Verdict
from pytest_cucmtls.report.html.page import render_page, write_html_report
from pytest_cucmtls.report.html.words import LANGUAGES
from tests.evidence_builders import (
    NOW,
    certificate,
    dialogue,
    good_pair,
    named,
    session,
    sourced,
    trace,
    with_node,
)
from tests.html_pages import ABOUT, bare, page, parsed, refused, verdicts_of, words_in

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


def test_media_keys_never_reach_the_page() -> None:
    key = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
    crypto = f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{key}|2^20|1:4\r\n"
    spoken = dialogue("A", "B", offer=session(20000, crypto=crypto), answer=session(30000, crypto=crypto))
    text = page(with_node(good_pair(), "A", traces=(sourced(trace("A", dialogues={("A", "B"): spoken}), "sdl-A"),)))
    assert "AES_CM_128_HMAC_SHA1_80" in text
    assert key[:12] not in text


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

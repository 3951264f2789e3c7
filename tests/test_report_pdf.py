"""The report written again by `cucmtls report`: as a page from a run folder, a bundle or an archive, and as a PDF read back."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pytest_cucmtls.cli import main
from pytest_cucmtls.evidence.bundles.archive import pack
from pytest_cucmtls.evidence.judge import judge
from pytest_cucmtls.model.errors import ConfigurationInvalid, FileUnreadable
from pytest_cucmtls.policies import load_policy
from pytest_cucmtls.report import pdf
from pytest_cucmtls.report.html.page import render_page
from pytest_cucmtls.report.pdf import find_browser, write_pdf
from tests.browser import CHROMIUM, browser
from tests.evidence_builders import good_pair
from tests.sealed_bundles import run_folder, sealed

needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium or Chrome is installed")


def page(language: str = "en") -> str:
    evidence = good_pair()
    return render_page(judge(evidence, load_policy("cisco-hardening")), evidence, {"run": "run-1"}, language=language)


@needs_browser
def test_the_pdf_has_the_answer_on_its_first_page_and_each_chapter_on_a_new_one(tmp_path: Path) -> None:
    pypdf = pytest.importorskip("pypdf")
    write_pdf(tmp_path / "report.pdf", page("fr"))
    pages = [" ".join(one.extract_text().split()) for one in pypdf.PdfReader(tmp_path / "report.pdf").pages]
    assert 8 < len(pages) < 40
    assert all(f"{number} / {len(pages)}" in text for number, text in enumerate(pages, 1))
    pages = [text.replace(f"{number} / {len(pages)}", "").strip() for number, text in enumerate(pages, 1)]
    assert "Prouvé dans les deux sens" in pages[0]
    for chapter in ("Constats", "Dix étapes", "Sur le réseau", "Appels et média", "Tous les verdicts", "Annexe"):
        assert any(text.startswith(chapter) for text in pages), chapter
    assert not any("file://" in text for text in pages)


@needs_browser
@pytest.mark.parametrize(("width", "dark"), [(1366, False), (390, False), (390, True)])
def test_the_page_asks_for_nothing_and_never_scrolls_sideways(tmp_path: Path, width: int, dark: bool) -> None:
    (tmp_path / "report.html").write_text(page(), encoding="utf-8")
    with browser() as tab:
        tab.size(width, dark=dark)
        tab.go((tmp_path / "report.html").as_uri())
        assert tab.value("document.documentElement.scrollWidth") <= width
        wide = "[...document.querySelectorAll('main *')].filter((one) => one.scrollWidth > one.clientWidth + 1 && "
        wide += "['auto', 'scroll'].includes(getComputedStyle(one).overflowX)).length"
        assert tab.value(wide) == 0
        assert [one for one in tab.requests if not one.startswith(("file:", "data:"))] == []


def test_without_a_browser_the_page_is_recommended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ConfigurationInvalid, match="open the HTML page in any browser"):
        find_browser()
    with pytest.raises(ConfigurationInvalid, match="there is no program opera"):
        find_browser("opera")


@pytest.mark.parametrize(
    ("script", "said"), [("exit 0", "printed nothing"), ("exec sleep 30", "did not finish printing within 1 s")]
)
def test_a_browser_that_fails_or_hangs_leaves_no_pdf(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, said: str
) -> None:
    monkeypatch.setattr(pdf, "PRINT_SECONDS", 1.0)
    program = tmp_path / "chromium"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    with pytest.raises(FileUnreadable, match=said):
        write_pdf(tmp_path / "report.pdf", "<p>x</p>", str(program))
    assert not (tmp_path / "report.pdf").exists()


# the command


def test_a_run_folder_gives_its_page_in_the_language_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = run_folder(tmp_path / "run")
    before = {file: file.read_bytes() for file in run.rglob("*") if file.is_file()}
    code = main(["report", str(run), "--lang", "fr", "--html", str(tmp_path / "fr.html")])
    assert code == main(["judge", str(run)])
    text = (tmp_path / "fr.html").read_text(encoding="utf-8")
    assert '<html lang="fr">' in text
    assert "by nobody: the run folder was not sealed" in text
    assert f"{tmp_path / 'fr.html'} written" in capsys.readouterr().out
    assert before == {file: file.read_bytes() for file in run.rglob("*") if file.is_file()}


def test_without_a_file_the_page_is_written_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = run_folder(tmp_path / "run")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    main(["report", str(run)])
    assert (tmp_path / "here" / "run.html").exists()


def test_a_bundle_and_its_archive_give_a_page_that_says_who_signed(tmp_path: Path) -> None:
    bundle = sealed(tmp_path).folder
    pack(bundle, tmp_path / "evidence.tar.gz", datetime.now(UTC))
    for number, source in enumerate((bundle, tmp_path / "evidence.tar.gz")):
        main(["report", str(source), "--html", str(tmp_path / f"{number}.html")])
        text = (tmp_path / f"{number}.html").read_text(encoding="utf-8")
        assert "with the Ed25519 key" in text
        assert "cucmtls bundle verify --signer" in text


def test_a_sealed_bundle_takes_no_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bundle = sealed(tmp_path).folder
    assert main(["report", str(bundle), "--html", str(bundle / "report.html")]) == 2
    assert "takes no further file" in capsys.readouterr().err
    assert not (bundle / "report.html").exists()


def test_a_changed_bundle_gives_no_page(tmp_path: Path) -> None:
    bundle = sealed(tmp_path).folder
    shutil.copy(bundle / "verdicts.json", bundle / "more.json")
    assert main(["report", str(bundle), "--html", str(tmp_path / "x.html")]) == 3
    assert not (tmp_path / "x.html").exists()


def test_another_policy_is_named_on_the_page(tmp_path: Path) -> None:
    run = run_folder(tmp_path / "run")
    main(["report", str(run), "--policy", "bsi-tr-02102-2", "--html", str(tmp_path / "x.html")])
    assert "policy bsi-tr-02102-2" in (tmp_path / "x.html").read_text(encoding="utf-8")

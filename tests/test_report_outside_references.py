"""The gate that finds what a delivered page would ask the outside world for."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_cucmtls.evidence.bundles.outside_references import (
    outside_references,
    references_in,
    refuse_outside_references,
)
from pytest_cucmtls.evidence.judge import judge
from pytest_cucmtls.model.errors import FileUnreadable
from pytest_cucmtls.policies import load_policy
from pytest_cucmtls.report.html.page import render_page
from pytest_cucmtls.report.html.words import LANGUAGES
from tests.evidence_builders import good_pair


def found(text: str, name: str = "page.html") -> list[str]:
    return [one.what for one in references_in(name, text.encode())]


@pytest.mark.parametrize(
    "text",
    [
        '<script src="https://www.example.com/a.js"></script>',
        "<img src='//cdn.example.com/a.png'/>",
        '<link rel="stylesheet" href="http://fonts.example.com/css"/>',
        '<a href="https://example.com">look</a>',
        "<IMG SRCSET='a.png 1x, HTTPS://example.com/b.png 2x'>",
        '<meta http-equiv="refresh" content="0; url=https://example.com">',
        "<style>@import 'https://example.com/a.css';</style>",
        "<style>p{background:url( //cdn.example.com/x)}</style>",
        '<p style="background:url(https://example.com/x)"></p>',
        '<svg><use xlink:href="https://example.com/a.svg#b"></use></svg>',
        "<object data='https://example.com'></object>",
        "<form action='https://example.com'></form>",
        "<script>fetch('https://example.com/' + id)</script>",
        "<script>load('//cdn.example.com/x.js')</script>",
        "<p onclick=\"location='https://example.com'\">x</p>",
        "<script>gtag ('config', 'G-FVWC4GKEYS')</script>",
        "<script>window.x = 'googletagmanager'</script>",
        '<iframe srcdoc="&lt;img src=https://example.com&gt;"></iframe>',
        "<video poster=//cdn.example.com/p></video>",
    ],
)
def test_each_way_outside_is_found(text: str) -> None:
    assert found(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<p>see https://www.cisco.com and //comments</p>",
        "<svg xmlns='http://www.w3.org/2000/svg'></svg>",
        '<a href="#findings">x</a><img src="data:image/png;base64,AA//BB=="/>',
        "<link rel='icon' href='data:,'/>",
        "<script>const ns = 'http://www.w3.org/2000/svg'; // a comment\n</script>",
        "<a href='raw/A/x.txt'>x</a>",
        "<style>p{background:url(data:image/png;base64,AA)}</style>",
        "<code>curl https://example.com</code>",
    ],
)
def test_words_namespaces_and_what_is_inside_the_page_are_no_way_outside(text: str) -> None:
    assert found(text) == []


def test_styles_and_scripts_of_their_own_are_read_as_such() -> None:
    assert found("p{}\n@import url(https://example.com/a)", "a.css") == ["https://example.com/a"]
    assert found("x\ny('https://example.com/a')", "a.js") == ["https://example.com/a"]
    assert references_in("a.js", b"x\ny('https://example.com/a')")[0].line == 2
    assert found("https://example.com", "a.txt") == []


def test_raw_evidence_and_private_files_are_not_searched(tmp_path) -> None:
    for folder in ("raw", "private", "reports"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.html").write_text("<img src=http://example.com/a>")
    assert [str(one) for one in outside_references(tmp_path)] == ["reports/a.html, line 1: refers to http://example.com/a"]


def test_the_refusal_names_file_line_and_what() -> None:
    refuse_outside_references("a.html", b"<p>fine</p>")
    with pytest.raises(FileUnreadable, match=r"line 2 refers to https://example\.com \(and 1 more\)"):
        refuse_outside_references("a.html", b"<p>\n<a href=https://example.com>x</a><img src=//x.example>")


@pytest.mark.parametrize("language", LANGUAGES)
def test_our_own_page_has_none(language: str) -> None:
    evidence = good_pair()
    verdicts = judge(evidence, load_policy("cisco-hardening"))
    assert found(render_page(verdicts, evidence, {"run": "https://example.com"}, language=language)) == []


@given(text=st.text(alphabet=st.sampled_from("<>/\"'= ahrefscipthttps:&;!-\n\x00"), max_size=200))
@settings(max_examples=100)
def test_no_page_stops_the_search(text: str) -> None:
    found(text)

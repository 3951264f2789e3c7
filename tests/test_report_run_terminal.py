"""A run on a terminal: the living line, the closing table of 80 columns, quiet runs, and what CI systems are told."""

import fcntl
import io
import os
import pty
import re
import struct
import sys
import termios
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_cucmtls.evidence.judge import judge
from pytest_cucmtls.model.verdicts import Outcome, Verdict
from pytest_cucmtls.policies import load_policy
from pytest_cucmtls.report.answers import answers
from pytest_cucmtls.report.live import LiveView
from pytest_cucmtls.report.run_table import WIDTH, closing_table, sentence_lines
from tests.acceptance_runs import CHECKOUT, accept
from tests.evidence_builders import good_pair

PLAIN = Verdict("a_check", "A claim.", "6", "config", "A", Outcome.FAIL, "wanted", "seen", "It is wrong.", ("S8",))


# the living line


def view(now: list[float], columns: int = 80) -> tuple[LiveView, io.StringIO, list[str]]:
    terminal, events = io.StringIO(), list[str]()
    live = LiveView(events.append, terminal, lambda: events.append("fresh line"), clock=lambda: now[0], columns=lambda: columns)
    return live, terminal, events


def test_what_goes_on_shows_its_time_and_limit_and_becomes_a_line_when_it_ends() -> None:
    now = [0.0]
    live, terminal, events = view(now)
    live.say("waiting for Cisco CallManager on A/n to start again, at most 600 s")
    now[0] = 12.0
    assert live.living_line() == "  waiting for Cisco CallManager on A/n to start again  [12 s of 600 s]"
    live.settle("PASS")
    assert terminal.getvalue().endswith("\r\x1b[K  waiting for Cisco CallManager on A/n to start again  12.0 s\r\n")
    live.say("step  8")
    assert live.living_line() == "  step  8  [0 s]  1 PASS"
    assert events == ["fresh line", "fresh line"]
    live.close()


def test_only_the_first_text_of_a_test_asks_for_a_fresh_line() -> None:
    live, _, events = view([0.0])
    live.say("one")
    live.say("two")
    live.close()
    assert events == ["fresh line"]


def test_verdicts_are_counted_by_outcome() -> None:
    live, _, _ = view([0.0])
    for outcome in ("PASS", "FAIL", "PASS", "INCONCLUSIVE", ""):
        live.settle(outcome)
    live.say("step 10")
    assert live.living_line().endswith("2 PASS, 1 FAIL, 1 INCONCLUSIVE")
    live.close()


@given(text=st.text(max_size=300), columns=st.integers(20, 200))
@settings(max_examples=60, deadline=None)
def test_no_text_leaves_its_line_or_commands_the_terminal(text: str, columns: int) -> None:
    live, terminal, _ = view([0.0], columns)
    live.say(text)
    live.close()
    for line in re.split(r"\r\x1b\[K|\r\n", terminal.getvalue()):
        assert len(line) < columns or columns < 24
        assert "\x1b" not in line


def test_without_a_terminal_each_text_is_a_line() -> None:
    lines: list[str] = []
    live = LiveView(lines.append, None)
    live.say("step  1")
    live.settle("PASS")
    live.close()
    assert lines == ["step  1"]
    assert not [one for one in threading.enumerate() if one.name == "cucmtls progress"]


def test_a_terminal_that_goes_away_does_not_stop_the_run() -> None:
    live, terminal, _ = view([0.0])
    terminal.close()
    live.say("step  1")
    live.say("step  2")
    live.close()


# the closing table


def closing(verdicts: list[Verdict]) -> list[str]:
    return closing_table(verdicts, answers(verdicts, "A", "B"), "cisco-hardening")


def test_the_table_has_both_answers_every_claim_and_every_step() -> None:
    text = "\n".join(closing(judge(good_pair(), load_policy("cisco-hardening"))))
    for word in ("A->B: proven", "B->A: proven", "Signalling encrypted            yes", "V1 Proof from packet captures"):
        assert word in text
    assert "What to look at" not in text


def test_a_finding_comes_with_its_remedy_in_the_words_of_the_page() -> None:
    text = "\n".join(closing([PLAIN, replace(PLAIN, outcome=Outcome.INCONCLUSIVE, diagnosis="Nobody looked.", remedies=("V2",))]))
    assert "refuted: A: A claim." in text
    assert "    It is wrong." in text
    assert "-> S8 " in text
    assert "-> V2 Collect the SDL traces" in text
    assert text.index("It is wrong.") < text.index("Nobody looked.")


def test_dependents_are_counted_not_told() -> None:
    text = "\n".join(closing([PLAIN, replace(PLAIN, check="b", depends_on=("a_check",), diagnosis="Not evaluated")]))
    assert "not evaluated because of these: 1 checks" in text
    assert "Not evaluated," not in text


@given(text=st.text(max_size=400), subject=st.text(max_size=60))
@settings(max_examples=60)
def test_no_text_makes_the_table_wider(text: str, subject: str) -> None:
    lines = closing([replace(PLAIN, diagnosis=text, title=text, subject=subject)])
    assert max(map(len, lines)) <= WIDTH
    assert not any("\x1b" in line or "\n" in line for line in lines)


def test_a_reason_both_directions_share_is_told_once() -> None:
    lines = sentence_lines(answers([PLAIN], "A", "B"), "p")
    assert "\n".join(lines).count("It is wrong.") == 1
    assert lines[-1].endswith("For the same reason as A->B.")
    apart = sentence_lines(answers([replace(PLAIN, subject=way) for way in ("A->B", "B->A")], "A", "B"), "p")
    assert "\n".join(apart).count("It is wrong.") == 2


def test_brief_is_the_two_sentences_and_what_to_do() -> None:
    lines = sentence_lines(answers([PLAIN], "A", "B"), "p")
    assert [line for line in lines if not line.startswith(" ")] == [line for line in lines if line.startswith(("A->B", "B->A"))]
    assert any(line.startswith("  First thing to do: S8") for line in lines)


# whole runs


def on_a_terminal(place: Path, *options: str) -> str:
    """What a terminal of 80 columns and 24 lines is sent."""
    command = [sys.executable, "-m", "pytest", str(CHECKOUT / "testcases"), "-p", "no:cacheprovider", f"--rootdir={CHECKOUT}"]
    command += ["--cucm-reports", str(place), *options]
    environment = {name: value for name, value in os.environ.items() if name not in ("CI", "COLUMNS", "LINES", "GITHUB_ACTIONS")}
    child, terminal = pty.fork()
    if child == 0:
        os.execve(sys.executable, command, environment | {"TERM": "xterm"})
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    sent = b""
    try:
        while part := os.read(terminal, 65536):
            sent += part
    except OSError:  # the child ended
        pass
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, sent.decode()
    os.close(terminal)
    return sent.decode()


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_terminal_of_80_columns_sees_steps_and_the_table_and_no_line_too_long(tmp_path: Path) -> None:
    sent = on_a_terminal(tmp_path, "-k", "test_step_02")
    plain = re.sub(r"\x1b\[[0-9;]*m", "", sent)
    assert re.search(r"\r\x1b\[K  step  2  Host names and settings .*\[\d+ s\]", plain)
    assert "step  2  Host names" in plain
    assert "Both sides authenticated" in plain
    lines = [part for line in plain.split("\n") for part in re.split(r"\r\x1b\[K|\r", line)]
    assert [line for line in lines if len(line) > 80 and str(tmp_path) not in line and not line.startswith("plugins")] == []


def test_ci_gets_plain_lines_and_annotations_and_quiet_leaves_the_rest_out(tmp_path: Path) -> None:
    options = ("--cucm-pair", "source-document", "-k", "test_02_06")
    github = {"GITHUB_ACTIONS": "true", "CI": "true"}
    run = accept(tmp_path / "github", *options, environment=github)
    assert re.search(r"^  step  2  ", run.output, re.MULTILINE)
    assert "\x1b[K" not in run.output
    told = [line for line in run.output.splitlines() if line.startswith("::error")]
    assert any(re.match(r"::error file=testcases/test_step_02_names.py,line=\d+,title=FAIL A%3A ", line) for line in told)
    quiet = accept(tmp_path / "gitlab", *options, "--cucm-quiet", "--cucm-ci", "gitlab", environment=github)
    assert "step  2  Host" not in quiet.output
    assert "Signalling encrypted  " not in quiet.output
    assert "::error" not in quiet.output
    assert "A->B: refuted" in quiet.output
    assert '"check_name": "release_can_meet_policy"' in (quiet.folder / "for-tools" / "gl-code-quality-report.json").read_text()

"""The end of a run on a terminal of 80 columns: both answers claim by claim, the steps counted, what is wrong and what to do."""

import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence

from pytest_cucmtls.checks.register import STEPS
from pytest_cucmtls.model.verdicts import Outcome, Verdict
from pytest_cucmtls.report.answers import CLAIMS, Answer, Standing
from pytest_cucmtls.report.html.sections.findings import Finding, Gap, findings, next_of
from pytest_cucmtls.report.html.words import Words, remedy, words_of
from pytest_cucmtls.report.sentences import answer_sentence
from pytest_cucmtls.report.visible_text import visible_text

WIDTH = 80
MOST_TOLD = 8
"""Findings and gaps told on a terminal; the page has all of them."""
_LONGEST_DIAGNOSIS = 3
_MARKS = {Standing.PROVEN: "yes", Standing.FRAGILE: "yes!", Standing.REFUTED: "NO", Standing.UNDECIDED: "?"}
_OPEN = (Outcome.INCONCLUSIVE, Outcome.ERROR, Outcome.BLOCKED)
_COLUMNS = ((Outcome.PASS,), (Outcome.WARN,), (Outcome.FAIL,), _OPEN, (Outcome.NOT_APPLICABLE,))


def closing_table(verdicts: Sequence[Verdict], answers: Sequence[Answer], policy: str) -> list[str]:
    """Everything a person at a terminal needs before opening the page; no line is wider than `WIDTH`."""
    words = words_of("en")
    lines = [*sentence_lines(answers, policy), "", *_claims(words, answers), "", *_steps(words, verdicts)]
    told = findings(verdicts)
    listed = [*(_finding(words, one) for one in told.found), *(_gap(words, gap) for gap in told.gaps)]
    if listed:
        lines += ["", "What to look at, worst first:", *(line for part in listed[:MOST_TOLD] for line in part)]
    if len(listed) > MOST_TOLD:
        lines.append(f"  and {len(listed) - MOST_TOLD} more on the page")
    if told.dependents:
        lines.append(f"  not evaluated because of these: {len(told.dependents)} checks")
    return [visible_text(line) for line in lines]


def sentence_lines(answers: Iterable[Answer], policy: str) -> list[str]:
    """The sentence of each direction as on the page, then what to do first; a reason both share is told once."""
    words, lines, told_before = words_of("en"), list[str](), list[Answer]()
    for answer in answers:
        same = next((one for one in told_before if answer.lead is not None and one.lead == answer.lead), None)
        if same is not None:
            head = answer_sentence(answer, policy).partition(". ")[0]
            lines += _wrapped(f"{head}. For the same reason as {same.direction}.")
            continue
        told_before.append(answer)
        lines += _wrapped(answer_sentence(answer, policy))
        if code := next_of(answer):
            told = words["next_repair" if answer.standing is Standing.REFUTED else "next_collect"]
            lines += _wrapped(f"{told} {code} {remedy(words, code)}", "  ")
    return [visible_text(line) for line in lines]


def _claims(words: Words, answers: Sequence[Answer]) -> list[str]:
    """A row per claim, a column per direction."""
    lines = [" " * 32 + "".join(f"{answer.direction[:22]:<24}" for answer in answers).rstrip()]
    for name in CLAIMS:
        marks = [next(_MARKS[claim.standing] for claim in answer.claims if claim.name == name) for answer in answers]
        lines.append(f"{words[f'claim_{name}']:<32}" + "".join(f"{mark:<24}" for mark in marks).rstrip())
    return lines


def _steps(words: Words, verdicts: Sequence[Verdict]) -> list[str]:
    """A row per step with its verdicts counted."""
    lines = [f"{'step':<50}{'proven':>7}{'warn':>5}{'ref.':>5}{'open':>5}{'n/a':>5}"]
    for step in STEPS:
        counted = Counter(verdict.outcome for verdict in verdicts if verdict.step == step)
        if counted:
            numbers = [sum(counted[outcome] for outcome in column) for column in _COLUMNS]
            cells = "".join(f"{number or '.':>{width}}" for number, width in zip(numbers, (7, 5, 5, 5, 5), strict=True))
            lines.append(f"{step:>2} {words[f'step_{step}'][:46]:<47}{cells}")
    return lines


def _finding(words: Words, finding: Finding) -> list[str]:
    subjects = ", ".join(dict.fromkeys(case.subject for case in finding.cases))
    word = words[f"outcome_{finding.outcome.value}"]
    lines = _wrapped(f"{word}: {subjects}: {finding.title}", "  ")
    lines += _shortened(finding.cases[0].diagnosis)
    return lines + _first_remedy(words, finding.remedies)


def _gap(words: Words, gap: Gap) -> list[str]:
    lines = _wrapped(f"{words['outcome_INCONCLUSIVE']}: {len(gap.waiting)} × for want of evidence", "  ")
    return lines + _shortened(gap.diagnosis) + _first_remedy(words, gap.remedies)


def _first_remedy(words: Words, remedies: Sequence[str]) -> list[str]:
    return _wrapped(f"{remedies[0]} {remedy(words, remedies[0])}", "    -> ", "       ") if remedies else []


def _shortened(text: str) -> list[str]:
    lines = _wrapped(text, "    ")
    if len(lines) <= _LONGEST_DIAGNOSIS:
        return lines
    return [*lines[: _LONGEST_DIAGNOSIS - 1], f"{lines[_LONGEST_DIAGNOSIS - 1][: WIDTH - 4]} …"]


def _wrapped(text: str, first: str = "", following: str | None = None) -> list[str]:
    """Lines of at most `WIDTH` columns; a word longer than that (a path) is cut, not left over the edge."""
    following = (first or "  ") if following is None else following
    return textwrap.wrap(visible_text(text), WIDTH, initial_indent=first, subsequent_indent=following, break_on_hyphens=False)

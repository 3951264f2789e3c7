"""The end of a run: the whole evidence judged once, the reports written, and what to tell the person waiting."""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from pytest_cucmtls.evidence.bundles.outside_references import OutsideReference, outside_references
from pytest_cucmtls.evidence.comparison.compare_runs import Comparison, compare_runs
from pytest_cucmtls.evidence.verdicts_json import write_verdicts
from pytest_cucmtls.model.evidence import Evidence
from pytest_cucmtls.model.verdicts import Outcome, Verdict
from pytest_cucmtls.report.allure_results import write_surroundings
from pytest_cucmtls.report.answers import answers
from pytest_cucmtls.report.ckl import write_checklist_xml
from pytest_cucmtls.report.cklb import write_checklist
from pytest_cucmtls.report.csv_verdicts import write_csv
from pytest_cucmtls.report.html.page import write_html_report
from pytest_cucmtls.report.junit_outcomes import write_junit
from pytest_cucmtls.report.oscal import write_oscal
from pytest_cucmtls.report.run_table import closing_table, sentence_lines
from pytest_cucmtls.report.sentences import answer_sentence
from pytest_cucmtls.run.acceptance import Acceptance
from pytest_cucmtls.whole_files import write_atomically

DISA_POLICY = "disa-evvm-sm"
"""Only under the SRG's own policy do verdicts cite its rules, so only then a checklist is written."""


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What a run came to."""

    folder: Path
    verdicts: tuple[Verdict, ...]
    evidence: Evidence
    phases: tuple[tuple[str, float], ...]
    comparison: Comparison | None = None
    """With the baseline, when one was given."""
    outside: tuple[OutsideReference, ...] = ()
    """Places in the written pages that lead outside; there must be none."""

    @property
    def regressed(self) -> bool:
        """Something is worse than in the baseline, or changed and nobody can say why."""
        return self.comparison is not None and self.comparison.regressed

    @property
    def unfit(self) -> bool:
        """Regressed, or a page that was written leads outside: the run must not end as if all were well."""
        return self.regressed or bool(self.outside)

    def counts(self) -> Counter[Outcome]:
        """Verdicts by outcome."""
        return Counter(verdict.outcome for verdict in self.verdicts)

    def sentences(self) -> list[str]:
        """One sentence per direction: proven, refuted by what, or what is missing; the same as on the page."""
        first, second = (cluster.name for cluster in self.evidence.clusters)
        return [answer_sentence(answer, self.policy) for answer in answers(self.verdicts, first, second)]

    @property
    def policy(self) -> str:
        """Name of the policy judged by."""
        return self.evidence.inventory.policy

    def lines(self, *, brief: bool = False) -> list[str]:
        """For the terminal, 80 columns wide but for paths; `brief` leaves the tables out."""
        counted = self.counts()
        total = sum(seconds for _, seconds in self.phases)
        first, second = (cluster.name for cluster in self.evidence.clusters)
        told = answers(self.verdicts, first, second)
        return [
            *(sentence_lines(told, self.policy) if brief else closing_table(self.verdicts, told, self.policy)),
            "verdicts: " + ", ".join(f"{counted[outcome]} {outcome.value}" for outcome in Outcome if counted[outcome]),
            f"procedure and collection took {total:.1f} s; the phases are in verdicts.json",
            *(self.comparison.lines() if self.comparison else ()),
            *(f"OUTSIDE REFERENCE {one}: what is delivered must need nothing from outside" for one in self.outside[:5]),
            *([f"and {len(self.outside) - 5} more outside references"] if len(self.outside) > 5 else ()),
            f"look at {self.folder / 'report.html'}",
        ]


def conclude(acceptance: Acceptance, allure_results: str | None = None) -> Conclusion:
    """Load, judge, and write what a run leaves beside its evidence: verdicts, the page, and the forms other tools read.

    `allure_results`: where the user let Allure's results go, when that is not the run folder.
    """
    evidence = acceptance.evidence()
    verdicts = tuple(acceptance.verdicts(evidence))
    about, folder = acceptance.about(), acceptance.folder
    write_verdicts(folder / "verdicts.json", verdicts, about)
    comparison = _compared(acceptance)
    language = acceptance.settings.language
    write_html_report(folder / "report.html", verdicts, evidence, about, language=language, comparison=comparison)
    for_tools = folder / "for-tools"
    write_csv(for_tools / "verdicts.csv", verdicts)
    write_junit(for_tools / "junit.xml", verdicts)
    write_oscal(for_tools / "oscal-assessment-results.json", verdicts, about)
    if evidence.inventory.policy == DISA_POLICY:
        host = evidence.inventory.cluster_a.publisher.name
        write_checklist(for_tools / "checklist.cklb", verdicts, about, host)
        write_checklist_xml(for_tools / "checklist.ckl", verdicts, about, host)
    releases = [node.release.value.text for cluster in evidence.clusters for node in cluster.nodes if node.release]
    write_surroundings(
        Path(allure_results) if allure_results else folder / "allure-results", about, " / ".join(dict.fromkeys(releases))
    )
    phases, outside = tuple(acceptance.phases()), outside_references(folder)
    return Conclusion(folder, verdicts, evidence, phases, comparison, outside=outside)


def _compared(acceptance: Acceptance) -> Comparison | None:
    """The run beside its baseline, kept as `for-tools/comparison.json`. Raises: FileUnreadable for a baseline that is none."""
    baseline = acceptance.settings.baseline
    if baseline is None:
        return None
    comparison = compare_runs(baseline, acceptance.folder)
    text = json.dumps(comparison.as_json(), indent=1, ensure_ascii=False)
    write_atomically(acceptance.folder / "for-tools" / "comparison.json", (text + "\n").encode())
    return comparison

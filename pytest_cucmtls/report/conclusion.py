"""The end of a run: the whole evidence judged once, `verdicts.json` written, and what to tell the person waiting."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from pytest_cucmtls.acceptance import Acceptance
from pytest_cucmtls.evidence.verdicts_json import write_verdicts
from pytest_cucmtls.model.evidence import Evidence
from pytest_cucmtls.model.verdicts import Outcome, Verdict

_WORDS = {
    Outcome.FAIL: "refuted",
    Outcome.ERROR: "not decided: the tool, its access or its environment failed",
    Outcome.BLOCKED: "not decided: acting would have been unsafe",
    Outcome.INCONCLUSIVE: "not decided: evidence is missing",
}


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What a run came to."""

    folder: Path
    verdicts: tuple[Verdict, ...]
    evidence: Evidence
    phases: tuple[tuple[str, float], ...]

    def counts(self) -> Counter[Outcome]:
        """Verdicts by outcome."""
        return Counter(verdict.outcome for verdict in self.verdicts)

    def about_direction(self, direction: str) -> str:
        """One sentence on one direction: proven, refuted by what, or what is missing."""
        client, server = direction.split("->", 1)
        concerned = [
            verdict
            for verdict in self.verdicts
            if verdict.subject in ("pair", direction) or verdict.subject.split("/")[0] in (client, server)
        ]
        outcomes = {verdict.outcome for verdict in concerned}
        for outcome, word in _WORDS.items():
            if outcome in outcomes:
                first = next(verdict for verdict in concerned if verdict.outcome is outcome)
                more = sum(verdict.outcome is outcome for verdict in concerned) - 1
                also = f" (and {more} more)" if more else ""
                return f"{direction}: {word}. {first.diagnosis}{also}"
        if Outcome.PASS not in outcomes:
            return f"{direction}: nothing was judged"
        return f"{direction}: proven: encrypted, mutually authenticated and routed as intended, under policy {self.policy}"

    @property
    def policy(self) -> str:
        """Name of the policy judged by."""
        return self.evidence.inventory.policy

    def lines(self) -> list[str]:
        """For the terminal."""
        counted = self.counts()
        first, second = (cluster.name for cluster in self.evidence.clusters)
        total = sum(seconds for _, seconds in self.phases)
        return [
            *(self.about_direction(direction) for direction in (f"{first}->{second}", f"{second}->{first}")),
            "verdicts: " + ", ".join(f"{counted[outcome]} {outcome.value}" for outcome in Outcome if counted[outcome]),
            f"procedure and collection took {total:.1f} s; the phases are in verdicts.json",
            f"look at {self.folder / 'report.html'}",
        ]


def conclude(acceptance: Acceptance) -> Conclusion:
    """Load, judge, write `verdicts.json`, `report.html` and the surroundings of the Allure results."""
    from pytest_cucmtls.report.allure_results import write_surroundings
    from pytest_cucmtls.report.html.page import write_html_report

    evidence = acceptance.evidence()
    verdicts = tuple(acceptance.verdicts(evidence))
    about = acceptance.about()
    write_verdicts(acceptance.folder / "verdicts.json", verdicts, about)
    releases = [node.release.value.text for cluster in evidence.clusters for node in cluster.nodes if node.release]
    write_surroundings(acceptance.folder / "allure-results", about, " / ".join(dict.fromkeys(releases)))
    write_html_report(acceptance.folder / "report.html", verdicts, evidence, about, language=acceptance.settings.language)
    return Conclusion(acceptance.folder, verdicts, evidence, tuple(acceptance.phases()))

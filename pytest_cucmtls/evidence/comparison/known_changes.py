"""Differences that something else explains: an upgrade, TLS 1.3, this run's own steps, a simulated pair."""

from collections.abc import Callable
from dataclasses import dataclass

from pytest_cucmtls.evidence.comparison.compared_run import ComparedRun
from pytest_cucmtls.evidence.fact import Fact, Value
from pytest_cucmtls.evidence.given.preference import Change, change_of, release_rank
from pytest_cucmtls.model.inventory import Mode
from pytest_cucmtls.model.verdicts import Outcome, Verdict

_ONLY_READ = "the baseline performed the steps, this run only read"
_OWN_STEPS = {
    "CallManager identity": "{subject} CallManager identity",
    "SIP trunk": "{subject} trunk ",
    "SIP trunk security profile": "{subject} security profile ",
}
"""How the steps of the procedure begin the sentence on a change of this thing (`StepRecord.changes`)."""
_HIDDEN_BY_TLS13 = {"mutual_authentication", "server_certificate_sha256", "client_certificate_sha256"}
_HIDDEN_BY_TLS13 |= {"server_chain_length", "client_chain_length", "certificates_hidden"}
_FOLLOW_VERSION = {"group", "extended_master_secret", "encrypt_then_mac", "renegotiation_info", "compression", "alpn"}


@dataclass(frozen=True, slots=True)
class Changed:
    """A fact in both runs; None where a run does not have it."""

    before: Fact | None
    after: Fact | None

    @property
    def fact(self) -> Fact:
        """Either, for what both have in common."""
        found = self.after or self.before
        assert found is not None
        return found

    @property
    def values(self) -> tuple[Value, Value]:
        """Before and after."""
        return self.before.value if self.before else None, self.after.value if self.after else None


def classed(changed: Changed, baseline: ComparedRun, current: ComparedRun) -> tuple[Change, str]:
    """The class of a changed fact and the reason, "" when there is none.

    What explains a value that cannot be compared any more comes first; who changed it is asked only where a value is neither
    better nor worse.
    """
    explained = _first(_EXPLAIN_ALWAYS, changed, baseline, current)
    if explained:
        return Change.EXPECTED, explained
    change = change_of(changed.fact.name, *changed.values)
    if change is Change.UNEXPLAINED:
        explained = _first(_EXPLAIN_THE_REST, changed, baseline, current)
    return (Change.EXPECTED, explained) if explained else (change, "")


def _first(rules: tuple["_Rule", ...], changed: Changed, baseline: ComparedRun, current: ComparedRun) -> str:
    return next((reason for rule in rules if (reason := rule(changed, baseline, current))), "")


def known_verdict_reason(
    before: Verdict | None, after: Verdict | None, baseline: ComparedRun, current: ComparedRun
) -> str | None:
    """A verdict that only follows from another one, or from this run's not performing the steps; None when it says something."""
    if before is None or after is None:
        return None
    if after.depends_on:
        return f"not evaluated, because of {', '.join(after.depends_on)}"
    if before.depends_on and after.outcome is Outcome.NOT_APPLICABLE:
        return f"not evaluated in the baseline, because of {', '.join(before.depends_on)}"
    only_read = _only_reads_now(baseline, current) and after.outcome is Outcome.NOT_APPLICABLE and after.step.isdecimal()
    return _ONLY_READ if only_read else None


def unseen(changed: Changed, current: ComparedRun) -> bool:
    """An attribute of a connection whose handshake this run did not see; the loss of `tls_version` stands for all of them."""
    fact = changed.fact
    if (
        fact.area != "connection"
        or fact.name == "tls_version"
        or changed.values[1] not in (None, "unknown", "capture_started_late")
    ):
        return False
    version = current.facts.get((fact.area, fact.subject, fact.about, "tls_version"))
    return version is not None and version.value is None


def _only_reads_now(baseline: ComparedRun, current: ComparedRun) -> bool:
    return (baseline.evidence.inventory.mode, current.evidence.inventory.mode) == (Mode.APPLY, Mode.VERIFY)


def _no_authority(changed: Changed, baseline: ComparedRun, current: ComparedRun) -> str | None:
    fact = changed.fact
    gone = fact.area == "certificate" and fact.about.startswith("authority ") and changed.after is None
    return _ONLY_READ if gone and _only_reads_now(baseline, current) else None


def upgraded(subject: str, baseline: ComparedRun, current: ComparedRun) -> str | None:
    """``9.1 -> 15`` when a node concerned (of the cluster, or of either side of a direction) runs a newer release, else None."""
    clusters = {part.split("/")[0] for part in subject.split("->")}
    for node, after in current.releases.items():
        before = baseline.releases.get(node)
        if node.split("/")[0] not in clusters and subject != "pair":
            continue
        was, now = release_rank(before), release_rank(after)
        if was is not None and now is not None and now > was:
            return f"{node} went from {before} to {after}"
    return None


def _release(changed: Changed, _baseline: ComparedRun, _current: ComparedRun) -> str | None:
    if changed.fact.area != "release" or changed.before is None or changed.after is None:
        return None
    was, now = (release_rank(value) for value in changed.values)
    return "the upgrade" if was is not None and now is not None and now > was else None


def _new_field(changed: Changed, baseline: ComparedRun, current: ComparedRun) -> str | None:
    """A newer release answers fields that the older one did not have, of an object that was there before."""
    before, after = changed.values
    if changed.fact.area not in {"configuration", "route"} or before is not None or after is None:
        return None
    fact = changed.fact
    if not any((fact.area, fact.subject, fact.about) == key[:3] for key in baseline.facts):
        return None
    upgrade = upgraded(fact.subject, baseline, current)
    return f"a field the older release did not answer ({upgrade})" if upgrade else None


def _tls13(changed: Changed, baseline: ComparedRun, current: ComparedRun) -> str | None:
    fact = changed.fact
    if fact.area != "connection" or changed.before is None or changed.after is None:
        return None
    versions = [run.facts.get((fact.area, fact.subject, fact.about, "tls_version")) for run in (baseline, current)]
    before, after = (found.value if found else None for found in versions)
    if after == "TLSv1.3" and fact.name in _HIDDEN_BY_TLS13 and changed.values[1] in (None, "unknown", "tls13"):
        return "TLS 1.3 encrypts the certificates: a capture cannot show them"
    if before != after and after is not None and fact.name in _FOLLOW_VERSION:
        return f"goes with the change from {before} to {after}"
    upgrade = upgraded(fact.subject, baseline, current)
    return f"chosen by the newer release ({upgrade})" if upgrade and fact.name in {"group", "encrypt_then_mac"} else None


def _own_steps(changed: Changed, _baseline: ComparedRun, current: ComparedRun) -> str | None:
    """What this run's own steps changed, they announced."""
    fact = changed.fact
    begin = _OWN_STEPS.get(fact.about, "")
    if fact.about.startswith("route pattern "):
        begin = "{subject} " + fact.about.partition(" in ")[0]
    elif fact.about.startswith("CallManager-trust "):
        begin = "{subject} CallManager-trust"
    if not begin:
        return None
    sentence = begin.format(subject=fact.subject)
    step = next(
        (one.value for one in current.evidence.steps if any(text.startswith(sentence) for text in one.value.changes)), None
    )
    return f"changed by step {step.number} of this run" if step else None


def _simulated(changed: Changed, baseline: ComparedRun, current: ComparedRun) -> str | None:
    if not (baseline.evidence.inventory.simulated and current.evidence.inventory.simulated):
        return None
    fact = changed.fact
    if fact.area == "certificate" and fact.name in {"identity", "not_after"} and changed.before and changed.after:
        return "a simulated pair makes new keys and certificates at every start"
    return None


_Rule = Callable[[Changed, ComparedRun, ComparedRun], str | None]
_EXPLAIN_ALWAYS: tuple[_Rule, ...] = (_release, _new_field, _tls13, _simulated, _no_authority)
_EXPLAIN_THE_REST: tuple[_Rule, ...] = (_own_steps,)

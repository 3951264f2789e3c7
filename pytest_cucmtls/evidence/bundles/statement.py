"""The in-toto statement of a bundle: its subject is the manifest, its predicate the test result (in-toto test-result v0.1).

The predicate knows PASSED, WARNED and FAILED only. A test that could not be decided is listed with the failed ones, because
nobody may read it as passed; the seven outcomes apart, and everything else an auditor asks for, stand in the extension `cucmtls`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pytest_cucmtls import __version__
from pytest_cucmtls.evidence.bundles.layout import MANIFEST, RUN, VERDICTS
from pytest_cucmtls.evidence.bundles.manifest import Manifest
from pytest_cucmtls.evidence.kept_policy import policy_digest
from pytest_cucmtls.evidence.strict_json import json_bytes, parse_object
from pytest_cucmtls.model.errors import FileUnreadable
from pytest_cucmtls.model.policy import Policy
from pytest_cucmtls.model.verdicts import Outcome, Verdict

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://in-toto.io/attestation/test-result/v0.1"
EXTENSION = "cucmtls"
_WARNED, _NOT_RUN = {Outcome.WARN}, {Outcome.NOT_APPLICABLE}


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement as far as verification and display need it."""

    manifest_sha256: str
    result: str
    extension: Mapping[str, Any] = field(default_factory=dict)


def result_of(verdicts: Sequence[Verdict]) -> str:
    """PASSED, WARNED or FAILED; no verdict at all, or an undecided one, is FAILED: it proves nothing."""
    outcomes = {verdict.outcome for verdict in verdicts}
    if not outcomes or not outcomes <= {Outcome.PASS, Outcome.WARN, Outcome.NOT_APPLICABLE}:
        return "FAILED"
    return "WARNED" if Outcome.WARN in outcomes else "PASSED"


def statement_as_json(
    manifest: Manifest, manifest_sha256: str, verdicts: Sequence[Verdict], about: Mapping[str, Any], policy: Policy
) -> bytes:
    """The document that is signed; `about` is the ``run`` object of verdicts.json."""
    named = [(verdict.outcome, f"{verdict.check} [{verdict.subject}]") for verdict in verdicts]
    passed = [name for outcome, name in named if outcome is Outcome.PASS]
    warned = [name for outcome, name in named if outcome in _WARNED]
    failed = [name for outcome, name in named if outcome is not Outcome.PASS and outcome not in _WARNED | _NOT_RUN]
    configuration = [_resource(manifest, path) for path in (RUN, VERDICTS)]
    predicate = {
        "result": result_of(verdicts),
        "configuration": [resource for resource in configuration if resource],
        "passedTests": passed,
        "warnedTests": warned,
        "failedTests": failed,
        EXTENSION: {
            "bundle": manifest.bundle,
            "run": manifest.run,
            "sealed_at": manifest.sealed_at.isoformat(),
            "redacted_from": manifest.redacted_from,
            "outcomes": {outcome.value: sum(found is outcome for found, _ in named) for outcome in Outcome},
            "undecided": [name for outcome, name in named if outcome in _undecided()],
            "not_applicable": [name for outcome, name in named if outcome in _NOT_RUN],
            "policy": {"name": policy.name, "title": policy.title, "rules": len(policy.rules), "sha256": policy_digest(policy)},
            "sealed_with": f"pytest-cucmtls {__version__}",
            "environment": dict(about),
        },
    }
    subject = [{"name": MANIFEST, "digest": {"sha256": manifest_sha256}}]
    return json_bytes({"_type": STATEMENT_TYPE, "subject": subject, "predicateType": PREDICATE_TYPE, "predicate": predicate})


def parse_statement(data: bytes, path: str) -> Statement:
    """A statement about one manifest. Raises: FileUnreadable."""
    values = parse_object(data, path)
    if values.get("_type") != STATEMENT_TYPE or values.get("predicateType") != PREDICATE_TYPE:
        raise FileUnreadable(path, f"is not an in-toto statement ({STATEMENT_TYPE}) of a test result ({PREDICATE_TYPE})")
    try:
        subjects = {subject["name"]: subject["digest"]["sha256"] for subject in values["subject"]}
        predicate = values["predicate"]
        extension = predicate.get(EXTENSION) or {}
        found = Statement(str(subjects[MANIFEST]), str(predicate["result"]), dict(extension))
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise FileUnreadable(path, f"is no usable statement: {problem!r}"[:300]) from problem
    return found


def _undecided() -> set[Outcome]:
    return {Outcome.INCONCLUSIVE, Outcome.ERROR, Outcome.BLOCKED}


def _resource(manifest: Manifest, path: str) -> dict[str, Any] | None:
    """An in-toto resource descriptor of a listed file."""
    file = manifest.file(path)
    return None if file is None else {"name": path, "digest": {"sha256": file.sha256}}

"""Names of the files of a sealed bundle, and what each is for."""

MANIFEST = "manifest.json"
STATEMENT = "statement.intoto.json"
ENVELOPE = "statement.dsse.json"
CMS = "statement.p7s"
SIGNER = "signer.pem"
TIMESTAMP = "timestamp.tsr"
"""RFC 3161 answer over the envelope; added after the seal, when somebody asks for it."""
CUSTODY = "custody.jsonl"
INDEX = "raw/index.jsonl"
FACTS = "derived/facts.json"
RUN = "run.json"
VERDICTS = "verdicts.json"
JOURNAL = "journal.jsonl"
POLICY = "policy.toml"
"""A user's own policy; shipped ones are known by name."""

SEAL_FILES = frozenset({MANIFEST, STATEMENT, ENVELOPE, CMS, SIGNER, TIMESTAMP, CUSTODY})
"""Not listed in the manifest: they are the seal, or (custody) go on growing after it."""
SIGNED_FILES = (STATEMENT, ENVELOPE, SIGNER, CMS)
"""Their digests are noted in the custody log when they are made, like that of a time stamp."""
PRIVATE = "private"
"""Folder of a run that never enters a bundle."""


def place_in_bundle(path: str) -> str | None:
    """Where a file of a run folder goes; None when it stays behind (private, hidden and unfinished files, an older seal).

    Evidence keeps its place, so that a bundle can be judged like a run folder; everything else is a report.
    """
    parts = path.split("/")
    if parts[0] == PRIVATE or any(part.startswith(".") for part in parts):
        return None
    if path in SEAL_FILES - {CUSTODY} or parts[0] == "derived":
        return None
    if parts[0] == "raw" or path in {CUSTODY, RUN, VERDICTS, JOURNAL, POLICY}:
        return path
    return path if parts[0] == "reports" else f"reports/{path}"


def role_of(path: str) -> str:
    """What a listed file is: raw, index, run, verdicts, journal, policy, derived or report."""
    fixed = {INDEX: "index", RUN: "run", VERDICTS: "verdicts", JOURNAL: "journal", POLICY: "policy"}
    return fixed.get(path) or {"raw": "raw", "derived": "derived"}.get(path.split("/")[0], "report")

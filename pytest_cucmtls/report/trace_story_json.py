"""The stories of calls as plain JSON values: what `cucmtls read-trace --call … --json` prints."""

from datetime import datetime
from typing import Any

from pytest_cucmtls.model.traces import CallStory, StoryStep

SCHEMA = "cucmtls-call-1"


def story_as_json(story: CallStory) -> dict[str, Any]:
    """One call; unknown values are null, keys of media never appear (only fingerprints, inside `text`)."""
    return {
        "schema": SCHEMA,
        "caller": story.caller or None,
        "called": story.called or None,
        "ending": story.ending,
        "call_ids": list(story.call_ids),
        "legs": [{"node": node, "ci": identifier} for node, identifier in story.identifiers],
        "connections": [{"node": node, "index": index} for node, index in story.connections],
        "nodes": list(story.nodes),
        "steps": [_step(step) for step in story.steps],
    }


def _step(step: StoryStep) -> dict[str, Any]:
    return {
        "at": _utc(step.at),
        "time": step.time,
        "node": step.node,
        "kind": step.kind,
        "text": step.text,
        "file": step.file,
        "line": step.line,
        "seq": step.sequence or None,
    }


def _utc(at: datetime | None) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at else None

"""An acceptance run from its settings to its verdicts: opens, performs, collects, judges."""

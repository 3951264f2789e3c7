"""Sealed bundles: a run folder signed, packed, verified, opened and redacted."""

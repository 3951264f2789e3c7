"""One module per chapter of the preflight; every function marked as a probe is found by being there."""

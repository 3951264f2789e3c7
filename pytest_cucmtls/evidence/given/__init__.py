"""Evidence from files of anybody, without a run: captures, traces, certificates."""

"""Run folders: keeping, loading and re-judging evidence."""

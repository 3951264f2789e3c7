"""The ten steps as repeatable operations: plan, ensure, verify, undo."""

"""The procedure document, executable: one file per step, one claim per test."""

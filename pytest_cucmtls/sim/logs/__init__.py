"""Traces and call logs of a simulated node, and their files."""

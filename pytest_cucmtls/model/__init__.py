"""Frozen values: what is seen, compared and reported. Imports nothing of ours."""

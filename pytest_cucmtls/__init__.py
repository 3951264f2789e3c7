"""Prove that a SIP trunk between two Unified CM clusters is encrypted, authenticated and routes as intended."""

__version__ = "0.1.0"

"""Asks a SIP TLS listener what it accepts and what it refuses."""

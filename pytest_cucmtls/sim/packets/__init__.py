"""Packets of a simulated node: recorded, framed, and captured on request."""

"""Calls on a simulated node: who is called, by which digits, over which trunk, with which media."""

"""Certificates of a simulated node: what it holds, what it refuses, what it says about them."""

"""Faults the matrix does not inject: which test does, or why nobody can."""

from tests.fault_catalogue import Elsewhere

ELSEWHERE: tuple[Elsewhere, ...] = ()

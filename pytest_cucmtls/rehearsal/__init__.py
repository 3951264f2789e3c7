"""Rehearsals: a simulated pair or built evidence is broken on purpose, and the judgement is scored."""

"""Verdicts for people and for other tools: HTML, terminal, Allure, JSON, CSV, JUnit, checklists, ladder diagrams."""

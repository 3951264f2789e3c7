"""Verdicts on paper: Allure, JSON, ladder diagrams."""

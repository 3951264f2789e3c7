"""The simulated AXL service: field tables, rules, answers and schemas behind sim/interfaces/axl.py."""

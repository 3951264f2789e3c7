"""The faults, one table per topic: every module here has ROWS and is found by being here."""

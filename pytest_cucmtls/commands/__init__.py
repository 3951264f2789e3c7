"""The commands of `cucmtls`: each module has an `add_commands`, and is found by being here."""

"""Standards as TOML files: adding a profile is adding a file."""

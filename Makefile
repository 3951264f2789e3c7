# Two commands: `make accept` proves the simulated pair, `make test` runs the project's own tests.
# Options of pytest go through ARGS, e.g. make accept ARGS="--cucm-pair source-document --cucm-policy legacy-2015"
.PHONY: accept test lint
ARGS ?=

accept:
	@tools/setup
	@.venv/bin/python -m pytest testcases $(ARGS)

test: lint
	@.venv/bin/python -m pytest tests -n 2 --dist loadfile $(ARGS)

lint:
	@tools/setup test
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy

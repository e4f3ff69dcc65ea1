# Each target makes .venv when it is missing, and installs again only when pyproject.toml has changed.
#
#   make demo                        watch messages make the whole way, on this machine
#   make test                        every check that CI runs
#   make bench                       how many messages a second, and what each costs; figures, no assertions
#   make prove                       the long runs: kill -9 and faults, many rounds
#   make demo PYTHON=python3.12      with a Python of your choice, 3.11 or newer
#   make demo ARGS="--keep"          arguments of the demo

PYTHON ?= python3
ARGS ?=

VENV := .venv
PIP := $(VENV)/bin/python -m pip install -qq --disable-pip-version-check
INSTALLED := $(VENV)/.installed
INSTALLED_TEST := $(VENV)/.installed-test

.DEFAULT_GOAL := help
.PHONY: help demo test lint bench prove clean

help:
	@sed -n 's/^#   //p' Makefile

demo: $(INSTALLED)
	@$(VENV)/bin/smppgw demo $(ARGS)

test: $(INSTALLED_TEST)
	@bash .ci/checks

lint: $(INSTALLED_TEST)
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports

bench: $(INSTALLED_TEST)
	@$(VENV)/bin/python -m tests.benchmarks.template_matching
	@$(VENV)/bin/python -m tests.benchmarks.routing
	@$(VENV)/bin/python -m tests.benchmarks.reload
	@$(VENV)/bin/python -m tests.benchmarks.push_storm
	@$(VENV)/bin/python -m tests.benchmarks.whole_life $(ARGS)

prove: $(INSTALLED_TEST)
	@$(VENV)/bin/python -m pytest tests -m long -p no:randomly

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

$(INSTALLED): pyproject.toml | $(VENV)/bin/pip
	@echo "Installing smppgw into $(VENV)"
	@$(PIP) -e .
	@touch $@

$(INSTALLED_TEST): pyproject.toml | $(VENV)/bin/pip
	@echo "Installing smppgw and what its checks need into $(VENV)"
	@$(PIP) -e '.[test]'
	@touch $@ $(INSTALLED)

# --clear, because a folder without pip is what an interrupted start leaves behind.
$(VENV)/bin/pip:
	@command -v "$(PYTHON)" >/dev/null || { \
		echo "There is no $(PYTHON). smppgw needs Python 3.11 or newer: make PYTHON=/path/to/python3" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "$(PYTHON) is $$("$(PYTHON)" -V 2>&1). smppgw needs Python 3.11 or newer: make PYTHON=python3.12" >&2; exit 1; }
	@"$(PYTHON)" -m venv --clear $(VENV) || { \
		echo "$(PYTHON) cannot make a virtual environment. On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }

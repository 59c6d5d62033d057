# Two commands: `make run` and `make test`. `make` alone lists them all.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run up down test audit lock clean

VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8080
# The newest of the Pythons that the pins are made for.
PYTHON ?= $(or $(firstword $(foreach name,python3.13 python3.12 python3.11,$(shell $(name) -c 'print("$(name)")' 2>/dev/null))),python3)
# Python's warnings are setuptools talking to itself about editable installs.
PIP := PYTHONWARNINGS=ignore $(BIN)/python -m pip --disable-pip-version-check install --quiet

help: ## this list
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /make \1|/' | column -t -s '|'

run: $(VENV)/installed ## the nightly DAG for the sample week, through Airflow; DAYS="FIRST LAST" for others
	@$(BIN)/python -m ops.run $(DAYS)

up: $(VENV)/installed-up ## the whole Airflow on this machine, UI included; PORT=8080
	@$(BIN)/python -m ops.up up --port $(PORT)

down: ## end all that `make up` started
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m ops.up down; fi

test: $(VENV)/installed-dev $(if $(TRAIN),$(VENV)/installed-train) ## lint, types, layers and tests; TRAIN=1 trains, too
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest

audit: $(BIN)/python ## ask pip-audit for known holes in what is pinned
	@$(PYTHON) -m venv $(VENV)/audit
	@PYTHONWARNINGS=ignore $(VENV)/audit/bin/python -m pip --disable-pip-version-check install --quiet pip-audit
	@$(VENV)/audit/bin/pip-audit --requirement constraints.txt --no-deps --disable-pip --timeout 10 --progress-spinner off

lock: $(VENV)/installed ## pin the newest versions of everything in constraints.txt
	$(PIP) uv
	$(BIN)/uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --upgrade --quiet \
	  --no-emit-index-url --no-emit-find-links --no-header --no-annotate --output-file constraints.txt

clean: down ## forget everything: the environment, Airflow's home, the sample's lake and warehouse
	rm -rf $(VENV) .standpoint data/sample

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11, 3.12 or 3.13 is needed, and $(PYTHON) is not: name one with PYTHON=/path/to/python" >&2; exit 1; }
	@echo "Installing into $(VENV) with $(PYTHON): about a minute, once ..."
	@$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(BIN)/python pyproject.toml constraints.txt
	@$(PIP) --upgrade pip  # older ones skip extras with a dash, which some of our packages need
	@$(PIP) --constraint constraints.txt --editable .
	@touch $@

$(VENV)/installed-up: $(VENV)/installed
	@$(PIP) --constraint constraints.txt --editable '.[up]'
	@touch $@

$(VENV)/installed-dev: $(BIN)/python pyproject.toml constraints.txt
	@$(PIP) --upgrade pip
	@$(PIP) --constraint constraints.txt --editable '.[dev,up]'
	@touch $(VENV)/installed $(VENV)/installed-up $@

$(VENV)/installed-train: $(VENV)/installed-dev
	@$(PIP) --constraint constraints.txt --editable '.[train]'
	@touch $@

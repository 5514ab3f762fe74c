# Targets: demo test check docs bench torture clean. A new machine needs Python 3.11+, pip, git, make.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Compiled files are a third of a command's start; some environments switch them off.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test check docs bench torture clean

help:
	@sed -n 's/^# Targets: \(.*\)/make \1/p' Makefile

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --upgrade "pip>=25.1"
	$(BIN)/python -m pip install -q --group dev
	$(BIN)/python -m pip install -q -e .
	$(BIN)/python -m compileall -q schema inbox orch council
	@touch $(STAMP)

demo: $(STAMP)
	$(BIN)/python -m tests.demo

test: $(STAMP)
	$(BIN)/python -m pytest -q -n 2 --dist worksteal

check: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(STAMP)
	$(BIN)/python -m tests.references

bench: $(STAMP)
	$(BIN)/python -m tests.bench

torture: $(STAMP)
	$(BIN)/python -m tests.torture --long

clean:
	rm -rf $(VENV) .bench .demo .torture

# Targets: demo test check docs bench torture realclients clean. A new machine needs Python 3.11+, pip, git, make.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Compiled files are a third of a command's start; some environments switch them off.
unexport PYTHONDONTWRITEBYTECODE

# The suite syncs thousands of files: in memory, where there is room, it takes a third of the time.
# `make torture` stays on the disk, where power cuts and full disks are played.
TMPFS := $(shell test "$$(df -Pk /dev/shm 2>/dev/null | awk 'NR==2 {print $$4}')" -gt 3000000 2>/dev/null \
	&& test -w /dev/shm && echo /dev/shm)

.PHONY: help demo test check docs bench torture realclients clean

help:
	@sed -n 's/^# Targets: \(.*\)/make \1/p' Makefile

$(STAMP): pyproject.toml inbox/cli/bin/inbox orch/cli/bin/orch
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --upgrade "pip>=25.1"
	$(BIN)/python -m pip install -q --group dev
	$(BIN)/python -m pip install -q -e .
	$(BIN)/python -m compileall -q schema inbox orch council
	@touch $(STAMP)

demo: $(STAMP)
	$(BIN)/python -m tests.demo

test: $(STAMP)
	$(if $(TMPFS),TMPDIR=$(TMPFS)) $(BIN)/python -m pytest -q -n 2 --dist worksteal

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

# Real agent clients from the npm registry (2 GB below .realclients/), offline; not part of CI.
realclients: $(STAMP)
	$(BIN)/python -m tests.realclients --record $(CLIENTS)

clean:
	rm -rf $(VENV) .bench .demo .torture .realclients

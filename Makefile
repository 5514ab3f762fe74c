# Targets: demo test test-pg check layers docs bench torture api release realclients constraints clean. A new machine needs Python 3.11+, pip, git, make.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
CONSTRAINTS := .ci/constraints.txt
# Compiled files are a third of a command's start; some environments switch them off.
unexport PYTHONDONTWRITEBYTECODE

# The suite syncs thousands of files: in memory, where there is room, it takes a third of the time.
# `make torture` stays on the disk, where power cuts and full disks are played.
TMPFS := $(shell test "$$(df -Pk /dev/shm 2>/dev/null | awk 'NR==2 {print $$4}')" -gt 3000000 2>/dev/null \
	&& test -w /dev/shm && echo /dev/shm)
PYTEST := $(if $(TMPFS),TMPDIR=$(TMPFS)) $(BIN)/python -m pytest -q -n 2 --dist worksteal
PLACE := $(if $(TMPFS),in memory ($(TMPFS)),on the disk ($${TMPDIR:-/tmp}), \
	three times slower: /dev/shm has less than 3 GB free)

.PHONY: help demo test test-pg check layers docs bench torture api release realclients constraints clean
.NOTPARALLEL:

help:
	@sed -n 's/^# Targets: \(.*\)/make \1/p' Makefile

# What is tested is what was tested: every release is pinned, and changes by `make constraints`.
$(STAMP): pyproject.toml $(CONSTRAINTS) inbox/cli/bin/inbox orch/cli/bin/orch
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --upgrade -c $(CONSTRAINTS) pip
	$(BIN)/python -m pip install -q -c $(CONSTRAINTS) --build-constraint $(CONSTRAINTS) --group dev -e .
	$(BIN)/python -m compileall -q schema inbox orch council
	@touch $(STAMP)

# DB=private plays it on a PostgreSQL that it starts itself, DB=postgresql://… on one that is there.
demo: $(STAMP)
	DEMO_DB='$(DB)' $(BIN)/python -m tests.demo

test: $(STAMP)
	@echo "The suite's files are $(PLACE)."
	$(PYTEST)

# The tests of a store that is not a file, on a private PostgreSQL. Part of CI: what differs most.
ON_SERVER := tests/pg tests/house/test_engines.py tests/contract/inbox tests/contract/requests \
	tests/contract/submissions tests/contract/test_failures.py::test_a_row_of_the_table_is_raised \
	$(addprefix tests/contract/,test_shapes.py test_signals_heeded.py \
	tasks/test_runs.py tasks/test_tasks.py tasks/test_task_show.py tasks/test_keys.py tasks/test_ready.py \
	tasks/test_missed_moments.py tasks/test_budgets.py plans/test_plan.py worktrees/test_places.py \
	worktrees/test_cleanup.py dispatch/test_ownership.py checks/test_verify.py landing/test_queue.py \
	landing/test_queue_checks.py landing/test_people.py agents/test_work.py agents/test_control.py \
	drive/test_settings.py drive/test_tickets.py tasks/test_times.py council/test_tally.py) $(filter-out %_worktree_kill.py,$(wildcard tests/crash/test_*.py))
# WHOLE=1 asks it all that a file is asked, but for what is about a file (`on_file` says why).
ifdef WHOLE
ON_SERVER := tests/pg tests/house/test_engines.py tests/contract tests/crash tests/concurrency \
	tests/walk $(addprefix tests/,properties/test_orch_graph.py unit/drive/test_scale.py \
	unit/schema/test_quick_start.py)
endif
test-pg: $(STAMP)
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null || { echo "no PostgreSQL: apt-get install postgresql"; exit 1; }
	ORCH_TEST_ENGINES=server $(PYTEST) $(ON_SERVER)

# The random faults whole, of which `make test` does a tenth, and the planted bugs. CI does the
# same within its one run of the suite.
layers: $(STAMP)
	@echo "The layers' files are $(PLACE)."
	TORTURE_WHOLE=1 $(PYTEST) -m layers

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
	TORTURE_SEED=random $(PYTEST) -m hypothesis

# The wheel is built from the sdist, as whoever has only that would, and plays the whole demo from
# an environment of its own. Nothing is published.
release: $(STAMP)
	rm -rf dist .release
	$(BIN)/python -m pip install -q -c $(CONSTRAINTS) --group release
	$(BIN)/python -m tests.release dist
	$(BIN)/python -m twine check --strict dist/*
	$(PYTHON) -m venv .release
	.release/bin/python -m pip install -q -c $(CONSTRAINTS) dist/*.whl
	.release/bin/python -m tests.demo
	@ls dist/*

# The HTTP API held against its description by schemathesis (in a venv of its own: 45 packages).
api: $(STAMP)
	$(BIN)/python -m tests.api

# Real agent clients from the npm registry (2 GB below .realclients/), offline; not part of CI.
realclients: $(STAMP)
	$(BIN)/python -m tests.realclients --record $(CLIENTS)

# The newest releases of everything, as the oldest Python has them: a change of its own, to be tested.
constraints:
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --upgrade pip
	$(BIN)/python -m pip install -q --group dev --group release -e .
	( sed '/^[^#]/,$$d' $(CONSTRAINTS) && $(BIN)/python -m pip freeze --all --exclude-editable --exclude setuptools ) \
		> $(VENV)/constraints.txt
	mv $(VENV)/constraints.txt $(CONSTRAINTS)

clean:
	rm -rf $(VENV) .bench .demo .release .torture .realclients dist

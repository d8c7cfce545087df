# What one needs day by day; `make help` lists it. Needs Python 3.11 or later, git, and for the tests node with npm.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The same installed with its hot modules compiled; see pyproject.toml.
FAST := .fast
# One more than most machines of a CI have cores: the tests start real agents, hook managers and git, and wait for them.
JOBS ?= 3

# Who sets it has each of the thousands of programs that the tests start compile its modules anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help trail fast test proof hunt lint clean

help:
	@echo 'make trail             the tool at work on a bundled sample'
	@echo 'make trail REPO=PATH   set PATH up, read the logs, attach records to its commits, list them'
	@echo 'make fast              the tool in $(FAST)/bin, compiled where it is hot (needs a C compiler; a minute or two)'
	@echo 'make test              lint, types and all tests but the slow ones (<= 10 minutes)'
	@echo 'make proof             the slow ones: more agent versions, hook managers, installations (<= 30 minutes)'
	@echo 'make hunt              for faults that no run has met: the tests that draw examples draw others than in make test'
	@echo 'make clean             remove what make has made here (what tests have fetched stays in ~/.cache/git-ai-trail-tests)'

trail: $(VENV)/.installed
ifdef REPO
	cd '$(REPO)' && '$(CURDIR)/$(BIN)/git-ai-trail' init
	cd '$(REPO)' && '$(CURDIR)/$(BIN)/git-ai-trail' ingest
	cd '$(REPO)' && '$(CURDIR)/$(BIN)/git-ai-trail' backfill --all
	cd '$(REPO)' && '$(CURDIR)/$(BIN)/git-ai-trail' log
else
	$(BIN)/python bench/sample.py
endif

fast: $(FAST)/.installed

lint: $(VENV)/.developing
	$(BIN)/ruff check .
	$(BIN)/mypy

test: lint
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m 'not proof'

proof: $(VENV)/.developing
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m proof

hunt: $(VENV)/.developing
	HUNT=1 $(BIN)/python -m pytest -n $(JOBS) -m 'proof or not proof' $(shell grep -rlE 'import .*\bgiven\b' tests)

clean:
	rm -rf $(VENV) $(FAST) .pytest_cache .mypy_cache .ruff_cache .hypothesis dist build
	find src tests bench -name __pycache__ -type d -prune -exec rm -rf {} +
	find src \( -name '*.so' -o -name '*.pyd' \) -delete

$(BIN)/python $(FAST)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=...")'
	$(PYTHON) -m venv $(@:/bin/python=)

$(VENV)/.installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet -e .
	touch $@

# Dependency groups came with pip 25.1.
$(VENV)/.developing: pyproject.toml | $(VENV)/.installed
	$(BIN)/python -m pip install --quiet 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --group dev
	touch $@

# By way of the sdist, so that what is compiled is not left beside the sources, where Python would take it for them.
$(FAST)/.installed: pyproject.toml $(shell find src templates hooks -type f ! -name '*.pyc') | $(FAST)/bin/python
	@command -v cc > /dev/null || { echo 'make fast needs a C compiler (cc): install one, or use git-ai-trail as it is'; exit 1; }
	rm -rf $(FAST)/dist
	$(FAST)/bin/python -m pip install --quiet build
	HATCH_BUILD_HOOK_ENABLE_MYPYC=true $(FAST)/bin/python -m build --outdir $(FAST)/dist .
	$(FAST)/bin/python -m pip install --quiet $(FAST)/dist/*.whl
	@# Its version does not tell that the sources have changed.
	$(FAST)/bin/python -m pip install --quiet --force-reinstall --no-deps $(FAST)/dist/*.whl
	touch $@

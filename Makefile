# The chores of the project.  `make demo` and `make test` set everything up by themselves on a
# fresh machine with Python >= 3.11: a virtual environment in .venv, the library, its tools.

VENV := .venv
PYTHON := $(VENV)/bin/python
PIP := $(PYTHON) -m pip --disable-pip-version-check --quiet
# Two workers at least, so that tests of files and processes meet a neighbour; eight at most.
WORKERS ?= $(shell n=$$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2); \
	[ "$$n" -lt 2 ] && n=2; [ "$$n" -gt 8 ] && n=8; echo $$n)
PYTEST := $(PYTHON) -m pytest
ARGS ?=
BASE_PYTHON ?=

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: browser-tools bench bench-quick bench-compare bench-noise bench-planted help installed setup setup-dev demo test test-full test-newest test-lowest kernels lint format types walls experiments figures clean distclean docs docs-check notebooks

help:
	@echo "make demo       the pyramid in eight calibrated worlds, tables and figures into demo/"
	@echo "make test       all quick tests (ARGS='-k name' chooses; WORKERS=1 for one process)"
	@echo "make test-full  slow tests too"
	@echo "make test-newest | test-lowest        newest Python and releases; oldest and lowest"
	@echo "make installed  wheel and source archive, tried in an environment of their own"
	@echo "make lint | format | types | walls    style, its repair, types, import contracts"
	@echo "make bench | bench-quick              all benchmarks (an hour); the small ones (3 minutes)"
	@echo "make bench-compare BASE=revision      that revision against the working tree, in turn"
	@echo "make figures                          the figures of the documentation"
	@echo "make docs | docs-check                the site, notebooks executed; its links and pages"
	@echo "make notebooks                        the notebooks, executed, into build/notebooks"
	@echo "make experiments                      the claims and the three levers: tables, figures"
	@echo "make clean | distclean                caches; caches and the virtual environment"

# ---------------------------------------------------------------- set-up

# BASE_PYTHON, or the first Python that really runs (a shim may stand for one that is not
# installed), is new enough and can make a virtual environment with pip.
$(PYTHON):
	@found=; without=; \
	for name in $(BASE_PYTHON) python3.13 python3.12 python3.11 python3 python; do \
	  "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 || continue; \
	  if "$$name" -c 'import ensurepip, venv' >/dev/null 2>&1; then found=$$name; break; fi; \
	  without=$$name; \
	done; \
	if [ -z "$$found" ] && [ -n "$$without" ]; then \
	  echo "make: $$without has no ensurepip; install its venv package (Debian: apt install python3-venv)" >&2; \
	  exit 1; \
	fi; \
	if [ -z "$$found" ]; then \
	  echo "make: no Python >= 3.11 found (looked for python3.13, 3.12, 3.11, python3, python)" >&2; \
	  exit 1; \
	fi; \
	echo "making $(VENV) with $$("$$found" --version)"; \
	"$$found" -m venv --clear $(VENV) || { rm -rf $(VENV); exit 1; }

# Stamps: an install is repeated only when pyproject.toml is newer.  Source files need none, the
# install is editable.
$(VENV)/.installed: pyproject.toml | $(PYTHON)
	@echo "installing koubei_sim and what it needs (some minutes the first time)"
	@$(PIP) install --editable .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml | $(PYTHON)
	@echo "installing koubei_sim with its development tools (some minutes the first time)"
	@$(PIP) install --editable '.[dev]'
	@touch $(VENV)/.installed $@

$(VENV)/.installed-bench: pyproject.toml | $(VENV)/.installed-dev
	@echo "installing what the benchmarks compare with (some minutes the first time)"
	@$(PIP) install --editable '.[dev,bench]'
	@touch $@

$(VENV)/.installed-docs: pyproject.toml | $(VENV)/.installed-dev
	@echo "installing what the documentation site is made with (a minute the first time)"
	@$(PIP) install --editable '.[dev,docs]'
	@touch $@

setup: $(VENV)/.installed
	@:

setup-dev: $(VENV)/.installed-dev
	@:

# For tests/browser, which skip by name without them.  Chromium comes from the system.
browser-tools: setup-dev
	@$(PIP) install --editable '.[dev,app,browser]'
	@mkdir -p $(VENV)/share/axe-core
	@cd $(VENV)/share/axe-core && archive=$$(npm pack --silent axe-core) && \
	  tar -xzf "$$archive" --strip-components=1 package/axe.min.js package/LICENSE && rm "$$archive"

# ---------------------------------------------------------------- for people

demo: setup
	$(PYTHON) -m koubei_sim.cli demo --out demo

test: setup-dev
	$(PYTEST) -n $(WORKERS) --dist worksteal --durations=10 $(ARGS)

test-full: setup-dev
	$(PYTEST) -n $(WORKERS) --dist worksteal --durations=10 -m "" $(ARGS)

# The newest Python with the newest releases of what is needed; the oldest Python with the lowest
# that pyproject.toml allows.  ARGS=sample: a minute's worth of them.
test-newest:
	@WORKERS=$(WORKERS) .ci/versions newest $(ARGS)

test-lowest:
	@WORKERS=$(WORKERS) .ci/versions lowest $(ARGS)

# A wheel and a source archive as others get them, and a sample of the tests on the installed wheel;
# ARGS names Pythons.
installed: setup-dev
	@.ci/installed $(ARGS)

# ---------------------------------------------------------------- for developers

# Compiled once, before several tests would compile the same side by side.
kernels: setup-dev
	@$(PYTHON) .ci/kernels.py cascades & $(PYTHON) .ci/kernels.py pyramid && wait $$!

lint: setup-dev
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .

format: setup-dev
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .

types: setup-dev
	$(PYTHON) -m mypy

walls: setup-dev
	$(VENV)/bin/lint-imports --no-logo

# docs/benchmarks.md says what these are.  Everything that they print stays in benchmarks/results.
RATIO ?= 1.3
BASE ?=
ROWS ?= quick
NOISE ?= 5

bench: $(VENV)/.installed-bench
	@$(PYTHON) benchmarks/run_all.py $(ARGS)

bench-quick: setup-dev
	@$(PYTHON) benchmarks/run_suite.py quick $(ARGS)

bench-compare: setup-dev
	@$(PYTHON) -m benchmarks.compare --base "$(BASE)" --ratio $(RATIO) --rows $(ROWS) $(ARGS)

bench-noise: setup-dev
	@$(PYTHON) -m benchmarks.compare --noise $(NOISE) --ratio $(RATIO) --rows $(ROWS) $(ARGS)

bench-planted: setup-dev
	@$(PYTHON) -m benchmarks.compare --planted --ratio $(RATIO) $(ARGS)

# All claims from nothing, or from where a killed run left them; then the table of verdicts.
experiments: setup
	@set -e; for claim in experiments/*/claim.toml; do \
	  $(PYTHON) -m koubei_sim.cli claim "$$(dirname "$$claim")" $(ARGS); \
	done
	$(PYTHON) -m koubei_sim.cli claims --write
	$(PYTHON) experiments/three_levers/run.py

figures: setup-dev
	@set -e; for script in docs/figures/*.py; do \
	  [ -e "$$script" ] || { echo "make: docs/figures holds no script" >&2; exit 1; }; \
	  echo "== $$script"; $(PYTHON) "$$script"; \
	done

# build/docs/html/index.html; a notebook is executed again only where it or the library has changed.
# The check executes none; tests/browser/test_docs_site.py looks at the site where chromium is here.
docs: $(VENV)/.installed-docs
	@$(PYTHON) docs/site/make_site.py $(ARGS)

docs-check: $(VENV)/.installed-docs
	@$(PYTHON) docs/site/make_site.py --quick $(ARGS)
	@KOUBEI_SITE=build/docs/html $(PYTEST) -q tests/browser/test_docs_site.py

# Each executed in a kernel of its own; fails where a cell raises or warns.
notebooks: setup-dev
	@$(PYTHON) .ci/notebooks.py $(ARGS)

clean:
	rm -rf build dist demo .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -path ./$(VENV) -prune -o -type d -name __pycache__ -print | xargs rm -rf

distclean: clean
	rm -rf $(VENV) .venv-peers .venv-newest* .venv-lowest*

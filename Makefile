# make bound | verify | readme | test | lint | docs | wheel | bench | figures | clean, with nothing but Python >= 3.11 and make.
# Options: PYTHON=python3.12  VENV=path  ARGS="flags of the program that runs"

PYTHON ?= python3
VENV ?= .venv
ARGS ?=
WORKERS ?= 2

BIN := $(VENV)/bin
RUN := $(BIN)/python
INSTALL = $(RUN) -m pip install --quiet --disable-pip-version-check --editable

.PHONY: bound verify readme test lint docs wheel bench figures clean
.NOTPARALLEL: # two pips in one environment would fight
.DELETE_ON_ERROR:

bound: $(VENV)/.installed
	$(RUN) experiments/linear_bound.py $(ARGS)

verify: $(VENV)/.installed
	$(RUN) -m experiments.verify $(ARGS)

readme: $(VENV)/.installed # ARGS="--runs DIR --runs DIR", else all under runs/
	$(RUN) -m experiments.verify --check-readme $(ARGS)

test: $(VENV)/.installed-test
	$(RUN) -m pytest --numprocesses $(WORKERS) --dist worksteal $(ARGS)

lint: $(VENV)/.installed-lint
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/pyright --pythonpath $(RUN)

docs: $(VENV)/.installed-docs # the site, in docs/_build/html; reads no network, warnings are errors
	$(BIN)/sphinx-build --fail-on-warning --keep-going --quiet docs docs/_build/html $(ARGS)

wheel: $(VENV)/.installed-test # built, installed and tried from another directory
	.ci/wheel $(RUN)

bench: $(VENV)/.installed-test
	$(RUN) tests/benchmarks/table.py $(ARGS)

figures: $(VENV)/.installed
	$(RUN) paper_figs/make.py $(ARGS)

clean:
	rm -rf .venv build dist .pytest_cache .ruff_cache .hypothesis .benchmarks
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.installed: pyproject.toml | $(RUN)
	$(INSTALL) .
	@touch $@

$(VENV)/.installed-test: pyproject.toml | $(RUN)
	$(INSTALL) ".[test]"
	@touch $(VENV)/.installed $@

$(VENV)/.installed-lint: pyproject.toml | $(RUN)
	$(INSTALL) ".[lint]"
	@touch $(VENV)/.installed $@

$(VENV)/.installed-docs: pyproject.toml | $(RUN)
	$(INSTALL) ".[docs]"
	@touch $(VENV)/.installed $@

$(RUN):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "collapse_sim needs Python 3.11 or newer, and $(PYTHON) is not:" \
		       "name another one, as in 'make PYTHON=python3.12 bound'" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

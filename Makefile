# Two commands do everything on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
BROWSER ?= 1
DEMO ?=
TESTS ?=

VENV := .venv
RUN := $(VENV)/bin/python
PIP := $(RUN) -m pip --disable-pip-version-check install --quiet --no-compile -c constraints.txt
# Of all that is installed only what the program imports is compiled: a quarter of the time for the same start.
unexport PYTHONDONTWRITEBYTECODE
IMPORTED := import openTSNE, plotly.graph_objects, pyarrow.parquet, safetensors.torch, sklearn.manifold, \
	streamlit.web.bootstrap, streamlit.runtime, torch, vasp_models.cli, vasp_models.demo_checkpoint
# The stamps live in the environment, so that removing it removes them.
READY := $(VENV)/.ready
READY_FOR_TESTS := $(VENV)/.ready-for-tests

.PHONY: help setup demo test lint clean

help:
	@echo "make demo     set up what is missing and open the dashboard on the embedded demo"
	@echo "make test     set up what is missing, then run every test (BROWSER=0 leaves the browser out)"
	@echo "make setup    only set up: .venv with VASP Lens and what it needs"
	@echo "make lint     check the style"
	@echo "make clean    remove all that make has made, .venv too"

setup: $(READY)
	@echo "Ready. Next: make demo, or $(VENV)/bin/vasp-lens --help"

demo: $(READY)
	@$(VENV)/bin/vasp-lens demo $(DEMO)

lint: $(READY_FOR_TESTS)
	@$(RUN) -m ruff check .

# What the browser tests need is looked for first: better to hear that it is missing now than after minutes of tests.
test: $(READY_FOR_TESTS)
	@if [ "$(BROWSER)" != 0 ]; then $(RUN) tests/browser/chromium.py && $(RUN) tests/browser/axe.py; fi
	@$(RUN) -m ruff check .
	@BROWSER="$(BROWSER)" $(RUN) tests/run.py $(TESTS)

$(READY): pyproject.toml constraints.txt
	@command -v "$(PYTHON)" >/dev/null || \
		{ echo "There is no $(PYTHON) here: install Python 3.11 or newer, or name one: make PYTHON=/path/to/python" >&2; exit 2; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$(PYTHON) is $$("$(PYTHON)" -c 'import platform; print(platform.python_version())'), and VASP Lens needs Python 3.11 or newer: name one, as in make PYTHON=python3.12" >&2; exit 2; }
	@"$(PYTHON)" -c 'import venv, ensurepip' 2>/dev/null || \
		{ echo "$(PYTHON) cannot make virtual environments: install its venv module (Debian and Ubuntu: apt-get install python3-venv)" >&2; exit 2; }
	@echo "Setting up $(VENV): one to three minutes, and 2 GB of disk."
	@$(RUN) -c '' 2>/dev/null || "$(PYTHON)" -m venv --clear $(VENV)
	@$(PIP) -e .
	@$(RUN) -W ignore -c '$(IMPORTED)'
	@touch $@

$(READY_FOR_TESTS): $(READY)
	@$(PIP) -e '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache tests/browser/node_modules
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# `make` or `make help` lists the commands. Needs only Python 3.11 or later, git and make.
PYTHON ?= python3
SEED ?= 0
# Run programs as modules: the scripts that pip writes do not start in a folder with quotes or $ in its name.
PY := .venv/bin/python
PIP := $(PY) -m pip --quiet --disable-pip-version-check
TEST := $(PY) -m pytest --numprocesses auto --dist worksteal

.PHONY: help train test quick browser ci bench torture check format docs build upgrade clean
.DEFAULT_GOAL := help

help:  ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

train: .venv/.installed  ## set up, train the main experiment on MNIST and evaluate it
	run=$$($(PY) -m nnlab train mnist_softmax seed=$(SEED)) && $(PY) -m nnlab eval "$$run"

test: .venv/.installed  ## set up and run the tests, on all cores
	$(TEST)

quick: .venv/.installed  ## run the fast tests
	$(TEST) -m "not slow"

browser: .venv/.installed  ## test the report in Chromium, which has to be installed
	$(PY) -m pytest --override-ini addopts="--strict-markers --import-mode=importlib" tests/browser

ci: ## run everything that has to pass before a change lands
	bash .ci/run

bench: .venv/.installed .venv-bench/.installed  ## measure nnlab against PyTorch, JAX and scikit-learn
	$(PY) -m tests.benchmarks --peers .venv-bench/bin/python

torture: .venv/.installed  ## test nnlab's promises in full: kills, faults, hostile files
	$(PY) -m tests.torture --seed $(SEED)

check: .venv/.installed  ## check format, lint and types
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy

format: .venv/.installed  ## rewrite the code in its format
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

docs: .venv/.installed  ## generate the tables of docs/reference and the schema of configs
	$(PY) docs/generate.py

build: .venv/.installed  ## build the wheel into dist/
	$(PY) -m build --wheel --no-isolation

upgrade: .venv/.installed  ## renew requirements.lock from the bounds in pyproject.toml
	$(PIP) install uv
	$(PY) -m uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --upgrade \
		--generate-hashes --no-header --no-emit-index-url --quiet --output-file requirements.lock

clean:  ## remove everything that these commands made, but no runs
	rm -rf .venv .venv-bench build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "nnlab needs Python 3.11 or later, and $(PYTHON) is older; try: make PYTHON=python3.13" >&2; exit 1; }
	$(PYTHON) -m venv .venv || { rm -rf .venv; exit 1; }

# The packages in requirements.lock, verified by their hashes, and nnlab itself.
.venv/.installed: .venv/bin/python requirements.lock pyproject.toml
	$(PIP) install --require-hashes --requirement requirements.lock
	$(PIP) install --no-deps --no-index --no-build-isolation --editable .
	@touch $@

# The libraries that nnlab is compared with; one that cannot be installed is left out.
.venv-bench/.installed: tests/benchmarks/peers.txt
	$(PYTHON) -m venv .venv-bench
	while read -r peer; do \
		.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check "$$peer" || echo "without $$peer" >&2; \
	done < $<
	@touch $@

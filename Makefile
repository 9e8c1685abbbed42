# `make` or `make help` lists what there is to do. Needs only Python 3.11 or later, git and make.
PYTHON ?= python3
SEED ?= 0
BIN := .venv/bin

.PHONY: help train test bench torture check format build clean
.DEFAULT_GOAL := help

help:  ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

train: .venv/.installed  ## set up, train the main experiment on MNIST and evaluate it
	run=$$($(BIN)/nnlab train configs/mnist_softmax.yaml seed=$(SEED)) && $(BIN)/nnlab eval "$$run"

test: .venv/.installed-dev  ## set up and run the tests
	$(BIN)/python -m pytest

bench: .venv/.installed .venv-bench/.installed  ## measure nnlab against its limit, PyTorch, JAX and scikit-learn
	$(BIN)/python tests/benchmarks --peers .venv-bench/bin/python

torture: .venv/.installed-dev  ## hold nnlab to what the README promises, in full: kills, faults, hostile files
	$(BIN)/python tests/torture --seed $(SEED)

check: .venv/.installed-dev  ## format, lint and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: .venv/.installed-dev  ## rewrite the code in its format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

build: .venv/.installed-dev  ## build the wheel into dist/
	$(BIN)/python -m build --wheel

clean:  ## remove everything that these commands made, but no runs
	rm -rf .venv .venv-bench build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "nnlab needs Python 3.11 or later, and $(PYTHON) is older; try: make PYTHON=python3.13" >&2; exit 1; }
	$(PYTHON) -m venv .venv || { rm -rf .venv; exit 1; }

.venv/.installed: .venv/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[baselines]'
	@touch $@

.venv/.installed-dev: .venv/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ .venv/.installed

# The peers that nnlab is measured against; one that cannot be had is left out.
.venv-bench/.installed: tests/benchmarks/peers.txt
	$(PYTHON) -m venv .venv-bench
	while read -r peer; do \
		.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check "$$peer" || echo "without $$peer" >&2; \
	done < $<
	@touch $@

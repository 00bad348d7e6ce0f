# Everything happens in .venv, with the versions that constraints.txt pins; only test-mxnet has its own.
PYTHON ?= python3
BIN := .venv/bin
# MXNet was retired and needs numpy 1; archlab is not installed beside it.
BESIDE_MXNET := mxnet spacy click pytest

.DEFAULT_GOAL := help
.PHONY: help install demo test test-mxnet bench regress check check-all lint type format compatibility clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 15

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt torch
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --editable '.[dev,transformers,curated-transformers,tensorflow,report,ray]'
	@touch $@

install: .venv/installed  ## install archlab and its tools into .venv

demo: install  ## the main job: train the demo sweep and print its table
	$(BIN)/archlab grid configs/sweep.yml

# Compiled once: where PYTHONDONTWRITEBYTECODE is set, every process that a test starts would compile it.
test: install  ## run the tests
	@$(BIN)/python -m compileall -q archlab
	$(BIN)/python -m pytest -n logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder

.venv-mxnet/installed: constraints-mxnet.txt
	$(PYTHON) -m venv .venv-mxnet
	.venv-mxnet/bin/python -m pip install --quiet --disable-pip-version-check -c constraints-mxnet.txt $(BESIDE_MXNET)
	@touch $@

test-mxnet: .venv-mxnet/installed  ## the example for MXNet, in an environment of its own; needs Python 3.11
	.venv-mxnet/bin/python -m pytest -c tests/with_mxnet/pytest.ini --confcutdir tests tests/with_mxnet

bench: install  ## how long swaps, checks, grids and tables take; how often statistics are wrong: an hour and a half
	$(BIN)/python benchmarks/start_up.py
	$(BIN)/python benchmarks/words_per_second.py
	$(BIN)/python benchmarks/check_sweep.py
	$(BIN)/python -W ignore benchmarks/driver_overhead.py
	$(BIN)/python -W ignore benchmarks/ray_overhead.py
	$(BIN)/python -W ignore benchmarks/ray_scale.py
	$(BIN)/python benchmarks/table_of_many.py
	$(BIN)/python benchmarks/watching.py
	$(BIN)/python benchmarks/statistics_limits.py
	$(BIN)/python benchmarks/statistics_simulation.py
	$(BIN)/python benchmarks/grid_growth.py
	$(BIN)/python benchmarks/whole_grids.py --repeats 5

lint: install  ## ruff: rules and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

type: install  ## mypy, strict, with thinc's plugin
	$(BIN)/mypy

regress: install  ## archlab's own gate: a small sweep against its committed baseline; half a minute, then a second
	$(BIN)/archlab regress configs/ci.yml

check: lint type regress test  ## all that CI runs

check-all: check  ## the same, and the check against the whole ground truth: an hour; kept in build/truth
	$(BIN)/python -m pytest -m exhaustive
	@cat build/truth/*/report.txt

format: install  ## let ruff mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

compatibility: install  ## write docs/types.md and docs/compatibility.md anew; PROBE=--probe trains each pair: half an hour and more
	$(BIN)/archlab types --format markdown --force -o docs/types.md
	$(BIN)/archlab matrix $(PROBE) --format markdown --force -o docs/compatibility.md

clean:  ## remove the environment and all caches, never experiments/
	rm -rf .venv .venv-mxnet .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist *.egg-info
	find archlab tests -name __pycache__ -type d -prune -exec rm -rf {} +

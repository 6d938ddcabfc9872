# Every daily act is a target here. `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
BOARD ?= mps2-an386
LIMIT ?= 200

# TensorFlow 2.16 has wheels up to Python 3.12; above, the tests that need it are left out, and it is said.
TRAIN := $(shell $(PYTHON) -c 'import sys; print("$(VENV)-train/bin/.train" if sys.version_info < (3, 13) else "")')

.DEFAULT_GOAL := help
.PHONY: help demo bench test test-slow test-torch fuzz lint format clean tools

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

$(BIN)/.light: pyproject.toml
	@sh tools/check_tools.sh
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(BIN)/.test: $(BIN)/.light
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[test,dev]'
	@touch $@

# TensorFlow is kept apart: conversion, firmware and harness must work, and are tested, without it.
$(VENV)-train/bin/.train: pyproject.toml
	$(PYTHON) -m venv $(VENV)-train
	$(VENV)-train/bin/pip install --quiet --disable-pip-version-check --editable '.[train,test]'
	@touch $@

tools:  ## install or name the system packages that are missing
	@sh tools/check_tools.sh

demo: $(BIN)/.light  ## convert, build, run on the emulated M4, stream 200 real images, print the table
	@mkdir -p build/demo
	$(BIN)/edge-snn convert fashion-mnist --calibrate fashion-mnist-calibration -o build/demo/fashion-mnist.esnn
	$(BIN)/edge-snn eval --emulate $(BOARD) --model build/demo/fashion-mnist.esnn --data fashion-mnist-1000 \
	    --limit $(LIMIT) --report build/demo

bench: $(BIN)/.test  ## every shipped model on every core beside CMSIS-NN's measured rows; README's tables (BENCH='--model NAME ..')
	$(BIN)/python tools/bench.py --out benchmarks --cards $(BENCH)
	$(BIN)/python tools/readme_tables.py

test: $(BIN)/.test $(TRAIN)  ## the whole suite, tier by tier (without the slow marker)
	@sh tools/run_tests.sh $(BIN) $(if $(TRAIN),$(VENV)-train/bin)

test-slow: $(BIN)/.test  ## minutes to hours: the whole test set over serial, wide sweeps
	$(BIN)/pytest -m slow

TORCH ?= torch
test-torch: $(TRAIN)  ## the PyTorch engine, left out of `make test` for its size (TORCH='torch==2.13.0' for a wheel you choose)
	$(VENV)-train/bin/pip install --quiet --disable-pip-version-check '$(TORCH)'
	$(VENV)-train/bin/pytest -q -n auto --dist loadfile tests/training tests/tools

SECONDS ?= 3600
fuzz: $(BIN)/.test  ## fuzz the device's parser and every reader for SECONDS (default: an hour)
	$(BIN)/python -m tests.fuzz --seconds $(SECONDS)

lint: $(BIN)/.test  ## ruff, mypy, clang-format
	$(BIN)/ruff check edge_snn firmware_gen tools tests
	$(BIN)/ruff format --check edge_snn firmware_gen tools tests
	$(BIN)/mypy
	find firmware_gen edge_snn -name '*.[ch]' | xargs $(BIN)/clang-format --dry-run -Werror

format: $(BIN)/.test  ## ruff and clang-format, in place
	$(BIN)/ruff format edge_snn firmware_gen tools tests
	$(BIN)/ruff check --fix edge_snn firmware_gen tools tests
	find firmware_gen edge_snn -name '*.c' -o -name '*.h' | xargs $(BIN)/clang-format -i

clean:  ## remove what was built
	rm -rf build

# Two commands do everything: `make demo` and `make test`. Each makes what it needs; a second call is fast.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# Tests and benchmarks that use public data sets read the folder that VERIRL_DATA names, and skip without it.
ifneq ($(wildcard ../shared/data),)
export VERIRL_DATA ?= $(abspath ../shared/data)
endif
# The graded cases for verifiers, likewise.
ifneq ($(wildcard ../shared/cases),)
export VERIRL_CASES ?= $(abspath ../shared/cases)
endif
# A GPU machine gets the lock for vLLM on CUDA, any other the lock for vLLM on a CPU.
LOCK ?= $(if $(shell command -v nvidia-smi 2>/dev/null),gpu,cpu)

.PHONY: setup demo test check bench endurance gpu-check lock clean

setup: $(VENV)/.ready

$(VENV)/.ready: requirements/$(LOCK).txt pyproject.toml
	@echo "Setting up $(VENV) from requirements/$(LOCK).txt: about 4 GB, a few minutes."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "verirl needs Python 3.11 or newer: make PYTHON=python3.12 ...")'
	@sh requirements/system.sh
	$(PYTHON) -m venv $(VENV)
	sh requirements/install.sh $(BIN)/python $(LOCK)
	touch $@

demo: setup
	$(BIN)/verirl train configs/demo.toml --resume

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

test: check
	@sh requirements/system.sh
	$(BIN)/python -m pytest

# Those of hours rather than minutes: soaks, fuzzing, kills, learning curves, whole data sets.
LONG := sandbox_soak sandbox_fuzz math_fuzz resume_after_kill learning_curves java2py_canonical java2py_rescoring
SCRIPTS := $(basename $(notdir $(wildcard benchmarks/[a-z]*.py)))

# What does not hold is for people to read; only a script that fails to run fails these.
bench: $(VENV)/.bench-ready
	@failed=0; for name in $(filter-out $(LONG),$(SCRIPTS)); do $(BIN)/python benchmarks/$$name.py || failed=1; done; exit $$failed

endurance: $(VENV)/.bench-ready
	@failed=0; for name in $(LONG); do $(BIN)/python benchmarks/$$name.py || failed=1; done; exit $$failed

$(VENV)/.bench-ready: $(VENV)/.ready requirements/bench.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements/bench.txt
	touch $@

gpu-check: setup
	$(BIN)/python -m pytest tests/gpu -ra
	$(BIN)/verirl train configs/gpu-check.toml --resume
	$(MAKE) bench

# Renews the CPU lock: `pip install uv` first. The overrides leave out what a CPU has no use for.
lock:
	uv pip compile pyproject.toml requirements/cpu.in --extra dev --override requirements/cpu.overrides.txt \
		--python-version 3.11 --no-header --no-annotate --upgrade -o requirements/cpu.txt
	uv pip compile pyproject.toml requirements/gpu.in --extra dev \
		--python-version 3.11 --no-header --no-annotate --upgrade -o requirements/gpu.txt

clean:
	rm -rf $(VENV) runs

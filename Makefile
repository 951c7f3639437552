# Short names for what developers do often. Everything runs in .venv, which the first `make test`
# or `make run` builds.

PYTHON ?= python3
BIN := .venv/bin
check bench: export HF_HUB_OFFLINE := 1
check bench: export TRANSFORMERS_OFFLINE := 1
check bench: export QT_QPA_PLATFORM ?= offscreen

.DEFAULT_GOAL := help
.PHONY: help run test check format bench soak clean

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run:  ## Set Triptych up if needed and open it
	@$(PYTHON) packaging/bootstrap.py run

test:  ## Set up if needed, then all checks and tests, as in continuous integration
	@$(PYTHON) packaging/bootstrap.py test

check:  ## The same checks and tests in the environment as it is
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses=auto --maxprocesses=4 --dist=worksteal

format:  ## Lay the code out and sort its imports
	$(BIN)/ruff check --select I --fix .
	$(BIN)/ruff format .

bench:  ## Measure speed and memory
	$(BIN)/python -m tests.benchmarks

soak:  ## Kill, damage and fail a thousand times rather than a hundred
	$(BIN)/python -m tests.soak_project
	TRIPTYCH_KILLS=1000 $(BIN)/python -m pytest tests/library/test_faults.py

clean:  ## Delete what can be made again, but not .venv
	rm -rf build dist .mypy_cache .ruff_cache .import_linter_cache .hypothesis *.egg-info
	find studio tests plugins packaging -type d -name __pycache__ -prune -exec rm -rf {} +

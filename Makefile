# Two commands for a newcomer: make demo, make test. All others: make help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
BIN := .venv/bin
# passed on, e.g.: make test ARGS="-m 'not e2e' -x"
ARGS ?=
# make drill: how many kills, and the seed that chooses them (0: a new one, printed)
KILLS ?= 200
SEED ?= 0

.PHONY: help demo test dev check requirements drill bench peak proto docs up down clean lock system-deps fmt runtime

help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

demo: runtime ## one case from a window to a department and back, then its offline verification
	@$(BIN)/yidi demo $(ARGS)

test: system-deps dev ## every test, in random order (ARGS="..." goes to pytest)
	@$(BIN)/python -m pytest $(ARGS)

dev: ## .venv with the product (editable) and all tools
	@tools/bootstrap.sh dev

check: dev ## every gate: style, types, imports, contract, what is generated
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/buf lint
	@tools/breaking.sh
	$(BIN)/python tools/generate_proto.py --check
	$(BIN)/python tools/docs.py --check

drill: system-deps dev ## all fault tests: every failpoint, 200 kills, bad disks, bad lines (KILLS=n, SEED=n)
	@YIDI_DRILL=whole YIDI_DRILL_KILLS=$(KILLS) YIDI_DRILL_FAILPOINTS=100000 YIDI_DRILL_SEED=$(SEED) \
		$(BIN)/python -m pytest -m drill -p no:randomly $(ARGS)

bench: dev ## figures, with peers beside: statements, cases of pages, memory, offline verification, law and clocks, masking
	@$(BIN)/python tests/bench/run.py $(ARGS)
	@$(BIN)/python tests/bench/pages.py
	@$(BIN)/python tests/bench/memory.py
	@$(BIN)/python tests/bench/verify.py
	@$(BIN)/python tests/bench/masking.py
	@$(BIN)/python tests/bench/adversarial.py
	@$(BIN)/python tests/bench/guards.py
	@$(BIN)/python tests/bench/sweep.py
	@$(BIN)/python tests/bench/quality.py

peak: dev ## 10,000 cases through two hub processes that are killed at random; then the books (ARGS="--cases n")
	@$(BIN)/python tests/bench/peak.py $(ARGS)

proto: dev ## generate proto/gen from proto/yidi
	@$(BIN)/python tools/generate_proto.py

requirements: dev ## each duty of the notices and each row of the law, with the tests that prove it
	@$(BIN)/python tools/requirements.py $(ARGS)

docs: dev ## the pages that are made from code
	@$(BIN)/python tools/docs.py

up: runtime ## start the one-machine stack; its state is in .yidi/
	@$(BIN)/yidi up $(ARGS)

down: ## stop it; nothing is lost
	@if [ -x $(BIN)/yidi ]; then $(BIN)/yidi down $(ARGS); else echo "Nothing is installed, so nothing runs."; fi

clean: ## remove .venv, caches and builds; never .yidi/
	@rm -rf .venv dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find crypto storage hub node_agent deploy tests tools proto -type d -name __pycache__ -prune -exec rm -rf {} +

lock: dev ## pin requirements/*.in anew, with hashes (ARGS="--upgrade" takes newer versions)
	@for name in runtime dev; do $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
		--generate-hashes --no-build --no-header --no-annotate --no-emit-index-url $(ARGS) \
		requirements/$$name.in --output-file requirements/$$name.txt; done

system-deps: ## what only tests need from the system: a Chinese font, SANE for its test scanner
	@tools/system_deps.sh

fmt: dev ## format, and fix what can be fixed by itself
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

runtime:
	@tools/bootstrap.sh runtime

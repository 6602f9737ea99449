# Everything that perfkit's makers and newcomers run. It needs Python 3.11 or later and make, nothing else.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin

.PHONY: demo test check bench bench-regress bench-apply bench-twin bench-cache bench-import bench-load bench-chain bench-monitor bench-whatif docs lock clean

demo: $(VENV)/.installed
	@PATH="$(abspath $(BIN)):$$PATH" sh docs/demo.sh

test: $(VENV)/.installed check
	$(BIN)/python -m pytest -n 3 --dist loadscope

check: $(VENV)/.installed
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

bench: $(VENV)/.installed
	$(BIN)/python -m tests.bench

# False alarms and power of the judge; about an hour and a half on a machine that does nothing else.
bench-regress: $(VENV)/.installed
	$(BIN)/python -m tests.bench.power_runs --raw docs/regress/power.jsonl
	$(BIN)/python -m tests.bench.aa_runs --mode paired --raw docs/regress/aa-paired.jsonl
	$(BIN)/python -m tests.bench.aa_runs --mode stored --raw docs/regress/aa-stored.jsonl

# Index changes killed at random moments, 100 times the client and 100 times the server; about fifteen minutes.
bench-apply: $(VENV)/.installed
	$(BIN)/python -m tests.bench.apply_kills --runs 200 --raw docs/apply-kills.jsonl

# How true the twin is, and what it takes; about ten minutes.
bench-twin: $(VENV)/.installed
	$(BIN)/python -m tests.bench.bench_twin

# How true what-if is against indexes that are really built, and how fast; about three minutes.
bench-whatif: $(VENV)/.installed
	$(BIN)/python -m tests.bench.bench_whatif

# Index advice beside two other selectors, every index built and timed; about half an hour.
bench-indexes: $(VENV)/.installed
	$(BIN)/python -m tests.bench.bench_indexes --database demo --budgets 25MB,50MB,150MB,none
	$(BIN)/python -m tests.bench.bench_indexes --database tpch

# Importing held against psql's \copy, on a million records; about ten minutes.
bench-import: $(VENV)/.installed
	$(BIN)/python -m tests.bench.bench_import

# How true bench cache is: predicted hits, stale reads; about ten minutes.
bench-cache: $(VENV)/.installed
	$(BIN)/python -m tests.bench.bench_cache

# Users on the demo, held against pgbench by hand, and interrupted at random moments; about fifteen minutes.
bench-load: $(VENV)/.installed
	$(BIN)/python -m tests.bench.bench_load

# 150 users through all that perfkit render writes, an instance killed meanwhile; about six minutes.
bench-chain: $(VENV)/.installed
	$(BIN)/python -m tests.bench.bench_chain

# The exporter scraped 1,000 times while PostgreSQL is stopped and started ten times; about three minutes.
bench-monitor: $(VENV)/.installed
	$(BIN)/python -m tests.bench.bench_monitor

docs: $(VENV)/.installed
	$(BIN)/python -m perfkit.plan.rules.pages
	$(BIN)/python -m perfkit.monitor.rules.pages
	$(BIN)/python -m tests.docs.pages

# The versions that the demo and the tests are known to run with.
lock:
	$(PYTHON) -m venv --clear $(VENV)-lock
	$(VENV)-lock/bin/python -m pip install -q --disable-pip-version-check '.[demo,test]'
	$(VENV)-lock/bin/python -m pip freeze --exclude perfkit > constraints.txt
	rm -rf $(VENV)-lock

$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "perfkit needs Python 3.11 or later; choose one with: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[demo,test]'
	@touch $@

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

# Phaseline. `make help` lists what can be asked for; `make run` and `make test` need Python >= 3.11 and nothing more.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PEERS := .venv-bench
CLIENT := openapi/clients/typescript
BASE ?= HEAD
SEED ?= 1
RUNS ?= 20
DOMAINS ?= 2000000
SECONDS ?= 240

.DEFAULT_GOAL := help
.PHONY: help run test lint types test-peers test-large test-browser test-browser-smoothness test-browser-references simulate crashes chaos cycles conformance bench bench-quick bench-compare loadtest bench-baseline bench-legacy scaling truth verify schema examples openapi release-contract client-typescript client-python dashboard lock clean lists coverage-migration bench-migration

help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-24s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/ready ## Run everything: database, API, workers, sandbox; on an empty database also a sample campaign
	@$(BIN)/phaseline run

test: $(VENV)/ready ## Run all tests that need nothing but Python
	@$(BIN)/python -m pytest -m "not peers and not large and not browser" --ignore tests/migration \
		-n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder
	@$(MAKE) --no-print-directory coverage-migration

coverage-migration: $(VENV)/ready ## Run the tests of service/migration, of which each branch must be taken; part of `make test`
	@$(BIN)/python -m pytest tests/migration -n auto --maxprocesses 4 --dist load --cov --cov-report term

lint: $(VENV)/ready ## Check style, migrations, and who imports whom
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/squawk --config .squawk.toml migrations/*.up.sql
	@$(BIN)/lint-imports --no-logo

types: $(VENV)/ready ## Check types (mypy --strict)
	@$(BIN)/mypy

test-peers: $(VENV)/ready ## NSD, nginx, PgBouncer, Prometheus, hosts of their own (Debian: nsd, nginx-light, pgbouncer, prometheus)
	@$(BIN)/python -m pytest tests/peers tests/machines -m peers --timeout 900

test-large: $(VENV)/ready ## Build two million domains, read, export, import, delete them, and stand 5,000 campaigns beside them
	@$(BIN)/python -m pytest tests/large -m large --timeout 1200

test-browser: $(VENV)/ready ## Use the dashboard in Debian's Chromium as people do (Debian: chromium, npm), about five minutes
	@$(BIN)/python -m pytest tests/browser -m "browser and not smooth"

test-browser-smoothness: $(VENV)/ready ## Watch 200 rows move 1,000 times a second altogether for a minute: no task holds the page for 50 ms
	@$(BIN)/python -m pytest tests/browser/test_smoothness.py

test-browser-references: $(VENV)/ready ## Take new pictures of the dashboard's screens, to be looked at and kept
	@mkdir -p tests/browser/references
	@RENEW_REFERENCES=1 $(BIN)/python -m pytest tests/browser/test_appearance.py

simulate: $(VENV)/ready ## Drive ticks, clock and cancellation at random: make simulate SEED=n
	@$(BIN)/python -m tests.simulation.run --seed $(SEED)

crashes: $(VENV)/ready ## Kill workers, their parent and PostgreSQL under a campaign of 20,000 names, five times
	@$(BIN)/python -m tests.crashes.run --seed $(SEED)

chaos: $(VENV)/ready ## Do one or two of all the harms in tests/chaos/faults.py to a campaign, RUNS times: make chaos SEED=n RUNS=n
	@$(BIN)/python -m tests.chaos.run --seed $(SEED) --runs $(RUNS)

cycles: $(VENV)/ready ## Create, run and delete 300 campaigns: nothing grows by a hundredth in the last half (twenty minutes)
	@$(BIN)/python -m tests.chaos.cycles

conformance: $(VENV)/ready ## Hold the service against its document with any seed and more examples: make conformance SEED=n
	@$(BIN)/python -m tests.contracts.conformance.run --seed $(SEED)

bench: $(VENV)/ready $(PEERS)/ready ## Measure against peers (Debian: nsd, nginx-light, dnsperf, wrk), about an hour; keeps every run
	@$(BIN)/python -m loadtest.bench

bench-quick: $(VENV)/ready $(PEERS)/ready ## The same on small inputs, in less than three minutes
	@$(BIN)/python -m loadtest.bench --quick

bench-compare: $(VENV)/ready ## Our functions beside another revision's, 20 % worse fails: make bench-compare BASE=rev
	@$(BIN)/python -m loadtest.bench.compare --base $(BASE)

bench-baseline: $(VENV)/ready ## The dual architecture's own figures, with two million domains (half an hour)
	@$(BIN)/python -m loadtest.legacy --alone

bench-legacy: $(VENV)/ready ## The same two million domains through the dual architecture and through ours (an hour)
	@$(BIN)/python -m loadtest.legacy --readme

bench-migration: $(VENV)/ready ## Migrate an old database of two million domains, and walk back from each stage (an hour): make bench-migration DOMAINS=n
	@$(BIN)/python -m loadtest.legacy.rehearsal --domains $(DOMAINS) --readme

loadtest: $(VENV)/ready ## Load everything with locust's users, and judge: make loadtest DOMAINS=n SECONDS=n
	@$(BIN)/python -m loadtest.scenarios --domains $(DOMAINS) --seconds $(SECONDS) --readme

scaling: $(VENV)/ready ## DNS and HTTP with 1 to 4 worker processes, near and far, and the log that each phase writes (ten minutes)
	@$(BIN)/python -m loadtest.scaling --readme

truth: $(VENV)/ready ## Carry two million names through all phases and compare every outcome with the truth (45 minutes)
	@$(BIN)/python -m tests.truth.run

verify: $(VENV)/ready ## Check that generated files are what their sources make
	@$(BIN)/python -m tests.contracts.schema_picture
	@$(BIN)/python -m tests.contracts.operating_lists
	@$(BIN)/python -m tests.contracts.written_documents
	@$(BIN)/python -m tests.contracts.compatibility.check
	@$(BIN)/python -m tests.contracts.python_client.check
	@$(BIN)/python -m tests.contracts.typescript_client
	@$(BIN)/python -m tests.contracts.dashboard_page

schema: $(VENV)/ready ## Draw migrations/schema.sql anew
	@$(BIN)/python -m tests.contracts.schema_picture --write

lists: $(VENV)/ready ## Write the lists of settings and metrics in README.md anew
	@$(BIN)/python -m tests.contracts.operating_lists --write

examples: $(VENV)/ready ## Ask a live server for the answers that the contract shows, and keep them
	@$(BIN)/python -m tests.contracts.recorded_examples --write

openapi: $(VENV)/ready ## Write openapi/openapi.json and openapi/asyncapi.json anew
	@$(BIN)/phaseline openapi

release-contract: $(VENV)/ready ## Keep the contract as the one that later ones must not break; part of a release
	@$(BIN)/python -m tests.contracts.compatibility.check --release

client-typescript: $(VENV)/ready ## Make the TypeScript client anew from both documents of openapi/ (needs npm)
	@$(BIN)/python -m tests.contracts.typescript_client --write

dashboard: $(VENV)/ready ## Build the dashboard's page anew from its sources (needs npm)
	@$(BIN)/python -m tests.contracts.dashboard_page --write

client-python: $(VENV)/ready ## Make the generated part of the Python client anew, from both documents of openapi/
	@$(BIN)/python -m tests.contracts.python_client.check --write

lock: $(VENV)/ready ## Pin the packages of pyproject.toml, with hashes and without addresses
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url \
		--python-version 3.11 --extra dev pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url \
		--python-version 3.11 loadtest/requirements-peers.in -o loadtest/requirements-peers.lock

clean: ## Remove the environment and all caches (the database under .phaseline stays)
	@rm -rf $(VENV) $(PEERS) .coverage* .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@rm -rf $(addprefix $(CLIENT)/,node_modules .build dist) tests/contracts/node/node_modules

$(VENV)/ready: requirements.lock pyproject.toml openapi/clients/python/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { echo "Phaseline needs Python 3.11 or newer; '$(PYTHON)' is not. Name one: make PYTHON=python3.12 run" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null \
		|| { echo "Python's venv module is missing here. On Debian or Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@echo "Installing the locked packages into $(VENV) (once) ..."
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation \
		--editable . --editable openapi/clients/python
	@touch $@

$(PEERS)/ready: loadtest/requirements-peers.lock
	@echo "Installing the peers' packages into $(PEERS) (once) ..."
	@$(PYTHON) -m venv --clear $(PEERS)
	@$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

# The developer's verbs. CI and people call the same ones.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
UV     := uv==0.13.8
STAMP  := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help setup lock dev demo seed migrate run worker test unit contract integration e2e schemathesis fuzz door static check lint format typecheck imports schemas diagrams bench lock-baseline simulate faults planted console console-check console-types browser screenshots tour clean

help: ## Show this list
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(STAMP) ## Make the virtual environment from the hashed lock
$(STAMP): requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q --disable-pip-version-check "$(UV)"
	@$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements.lock
	@$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $(STAMP)

lock: ## Resolve the dependencies again (needs the virtual environment)
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --custom-compile-command "make lock" --extra local --extra dev pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --custom-compile-command "make lock" pyproject.toml -o requirements.runtime.lock

dev: setup ## Start everything, until Ctrl-C
	@$(BIN)/payflow dev
demo: setup ## The whole product: a batch paid before your eyes, then checked
	@$(BIN)/payflow demo
seed: setup ## Merchants, money, bank accounts and sample payouts for a running stack; safe to repeat
	@$(BIN)/payflow seed
migrate: setup ## Bring the views' schema up to date
	@$(BIN)/payflow migrate
run: setup ## The gateway alone
	@$(BIN)/python -m services.gateway
worker: setup ## The processor alone
	@$(BIN)/python -m services.processor

test: setup ## All tests: unit, contract, integration, end to end, on a real broker and a real Postgres; in a browser if there is one
	@$(BIN)/python -m pytest -n 2 --dist loadfile tests/unit tests/contract tests/integration tests/e2e
	@$(BIN)/python -m pytest -q -rs tests/browser
unit contract integration e2e: setup ## One level of tests
	@$(BIN)/python -m pytest tests/$@

schemathesis: setup ## The API against its own OpenAPI document: generated requests, stateful, all checks: SCHEMATHESIS_EXAMPLES=n
	@$(BIN)/python -m pytest -q -s tests/e2e/test_document.py

fuzz: setup ## 50,000 requests that no client would send, and hostile megabytes, on the whole stack: FUZZ=n, FUZZ_SEED=n
	@$(BIN)/python -m pytest -q -s tests/e2e/test_fuzz.py tests/e2e/test_hostile.py

door: setup ## The front door over memory, in two minutes: the rows of intake, the client, the commands, the document
	@PAYFLOW_DOOR=memory $(BIN)/python -m pytest -q tests/e2e/test_rows_of_intake.py tests/e2e/test_client.py tests/e2e/test_commands.py tests/e2e/test_document.py -k "not inbox"

static: setup lint typecheck imports ## Format, lint, types, import contracts, stale generated files
	@$(BIN)/payflow schemas export --check
check: static ## The same, and unit tests
	@$(BIN)/python -m pytest -q tests/unit tests/contract
lint: setup
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/yamllint -s docker-compose.yml deploy
typecheck: setup
	@$(BIN)/mypy
imports: setup
	@$(BIN)/lint-imports
format: setup ## Format the code and mend what can be mended
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

schemas diagrams: setup ## Write the generated files: JSON Schemas, OpenAPI, topics, error codes, state diagram
	@$(BIN)/payflow schemas export
SEEDS ?= 1..2000
LEVEL ?= ci
simulate: setup ## The real handlers under a seeded scheduler: SEED=n replays one, SEEDS=a..b runs many
	@$(if $(SEED),,$(BIN)/python -m pytest -q -n 2 tests/simulation)
	@$(BIN)/python -m tests.simulation $(if $(SEED),--seed $(SEED),--seeds $(SEEDS) --jobs 2)
faults: setup ## Real processes under kills, freezes and cut links, judged by the checker: LEVEL=ci|nightly, SEED=n
	@$(BIN)/python -m tests.faults --level $(LEVEL) $(if $(SEED),--seed $(SEED))
planted: setup ## Plant known bugs in a copy and see that simulation or faults catch each: ONLY=nn, ROTATE=k/n
	@$(BIN)/python -m tests.planted $(if $(ONLY),--only $(ONLY)) $(if $(ROTATE),--rotate $(ROTATE))

CASE ?= compare
bench: setup ## The product beside its rivals and its parts, interleaved: QUICK=1 for minutes, CASE=growth, recovery, fanout, ... for the others (docs/performance.md)
	@$(BIN)/python -m bench $(CASE)
lock-baseline: setup ## Resolve the dependencies of the bench's baseline again
	@cd bench/baseline && $(abspath $(BIN))/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --custom-compile-command "make lock-baseline" requirements.in -o requirements.lock
NPM ?= npm
console/node_modules: console/package.json console/package-lock.json
	@cd console && $(NPM) ci --no-audit --no-fund && touch node_modules
console: console/node_modules ## Build the operator console into console/dist and weigh its first load (limit 300 kB gzip)
	@cd console && $(NPM) run -s build && $(NPM) run -s size
console-check: console/node_modules ## The console's format, lint, types, unit tests, and types of the API that are stale
	@cd console && $(NPM) run -s types:check && $(NPM) run -s check
browser: setup ## The console in Debian's Chromium, on the whole stack; left out where there is no Chromium, or no built console
	@$(BIN)/python -m pytest -q -s -rs tests/browser
SHOTS ?= console/screenshots
screenshots: setup console ## Each page of the console in both themes, as pictures in SHOTS (console/screenshots)
	@$(BIN)/python -m tests.browser.screenshots $(SHOTS)
tour: setup console ## The five-minute guide as pictures: submit, live rows, scroll, failure, chaos, reconnect
	@$(BIN)/python -m tests.browser.tour $(SHOTS)/tour
console-types: console/node_modules ## Write the console's types from the OpenAPI document
	@cd console && $(NPM) run -s types
clean: ## Remove the virtual environment and all local state
	rm -rf $(VENV) console/node_modules console/dist .payflow .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

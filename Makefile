# Needs make and Python 3.11 or newer; everything else goes into .venv.
PYTHON ?= python3
SOURCE ?=
TASK ?=
ARGS ?=
SEEDS ?= 1
JOBS ?= 60
DATABASE ?= both
STEPS ?=
SEED ?=
MUTANT ?=
export SOURCE TASK STEPS SEED MUTANT

# Without cached bytecode every interpreter compiles Django again, which makes its start
# three times as slow. If __pycache__ folders are unwanted, use one folder for all.
ifdef PYTHONDONTWRITEBYTECODE
unexport PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX ?= $(CURDIR)/.cache/bytecode
endif

BIN := .venv/bin
INSTALL := $(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-header

# Without a writable home, downloads are cached in the checkout.
WITH_CACHE := cache="$${XDG_CACHE_HOME:-$${HOME:-/nonexistent}/.cache}"; \
	mkdir -p "$$cache" 2>/dev/null && [ -w "$$cache" ] \
	|| export XDG_CACHE_HOME="$(CURDIR)/.cache";

.PHONY: help demo serve test test-sqlite coverage chaos chaos-cache chaos-outage lint types style format
.PHONY: lock meaning hostile prove-versions bench-cache bench-jobs bench-streams bench-search clean
.DEFAULT_GOAL := help

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 14

demo: .venv/.installed ## Turn a document into a skill (SOURCE=file TASK="…" for yours)
	@$(BIN)/python -m demo

serve: .venv/.installed ## Run web, worker and event streams; their state is in var/
	@$(BIN)/python -m demo.serve

test: .venv/.installed-dev ## Test on SQLite, PostgreSQL and Valkey (ARGS="-k name")
	@$(BIN)/python -m tests $(ARGS)

test-sqlite: .venv/.installed-dev ## Test on SQLite and Valkey only (ARGS=…)
	@$(BIN)/python -m tests --sqlite $(ARGS)

coverage: .venv/.installed-dev ## Test on SQLite and show which lines ran (ARGS=…)
	@$(BIN)/python -m tests --coverage $(ARGS)

chaos: .venv/.installed-dev ## Kill and freeze processes while jobs run (SEEDS=5 JOBS=200)
	@$(BIN)/python -m tests.chaos --seeds $(SEEDS) --jobs $(JOBS) \
		--database $(DATABASE) $(if $(MUTANT),--mutant $(MUTANT)) $(ARGS)

chaos-cache: .venv/.installed-dev ## Run random schedules of the cache (STEPS= SEED= MUTANT=)
	@$(BIN)/python -m tests.cachelayer.chaos

chaos-outage: .venv/.installed-dev ## Put the web server under load while Valkey fails
	@$(BIN)/pytest -q -s -n 0 -m slow \
		tests/skillfleet/transactional/test_outages_under_load.py

hostile: .venv/.installed-dev ## Import a thousand hostile archives and folders
	@$(BIN)/pytest -q -s -n 0 -m slow tests/taxonomy/importing

prove-versions: .venv/.installed-dev ## Edit skills and categories at random for a long time
	@$(BIN)/pytest -q -n 0 -m slow tests/taxonomy/test_random_edits.py

lint: types style ## Check style, types, migrations, settings, API schema (--jobs=2)

types: .venv/.installed-dev
	$(BIN)/mypy

style: .venv/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python manage.py check
	$(BIN)/python manage.py spectacular --validate --fail-on-warn --file /dev/null

format: .venv/.installed-dev ## Format the code with ruff
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: $(BIN)/uv ## Lock requirements*.in again (ARGS=--upgrade)
	@$(WITH_CACHE) $(COMPILE) $(ARGS) requirements.in -o requirements.txt
	@$(WITH_CACHE) $(COMPILE) $(ARGS) requirements-meaning.in -c requirements.txt \
		-o requirements-meaning.txt
	@$(WITH_CACHE) $(COMPILE) $(ARGS) requirements-dev.in -c requirements-meaning.txt \
		-o requirements-dev.txt
	@$(WITH_CACHE) $(COMPILE) $(ARGS) requirements-bench.in -c requirements-dev.txt \
		-o requirements-bench.txt

bench-cache: build/bench/.installed ## Compare the cache with others (QUICK=1 for a trial)
	@build/bench/bin/python -m benchmarks.cache $(ARGS)

bench-jobs: build/bench/.installed ## Compare the queue with others (QUICK=1 for a trial)
	@build/bench/bin/python -m benchmarks.jobs $(ARGS)

bench-streams: .venv/.installed-dev ## Measure event streams (STREAMS=500, QUICK=1)
	@$(BIN)/python -m benchmarks.streams

bench-search: .venv/.installed-dev ## Measure searches (SKILLS=100000, QUICK=1)
	@$(BIN)/python -m benchmarks.search

clean: ## Remove everything that make has created, except var/
	rm -rf .venv .cache build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +

$(BIN)/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and \
		"Python 3.11 or newer is needed; name one with make PYTHON=…")'
	@$(PYTHON) -m venv .venv
	@$(WITH_CACHE) $(BIN)/python -m pip install --quiet uv

.venv/.installed: requirements.txt | $(BIN)/uv
	@$(WITH_CACHE) $(INSTALL) -r requirements.txt
	@touch $@

meaning: .venv/.installed-meaning ## Install the extra for search by meaning

# The two other files contain all of requirements.txt.
.venv/.installed-meaning: requirements-meaning.txt | $(BIN)/uv
	@$(WITH_CACHE) $(INSTALL) -r requirements-meaning.txt
	@touch $@ .venv/.installed

.venv/.installed-dev: requirements-dev.txt | $(BIN)/uv
	@$(WITH_CACHE) $(INSTALL) -r requirements-dev.txt
	@touch $@ .venv/.installed

# The other contenders are installed apart, so that our code cannot depend on them.
build/bench/.installed: requirements-bench.txt | $(BIN)/uv
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python build/bench
	@$(WITH_CACHE) $(BIN)/uv pip install --quiet --python build/bench/bin/python \
		--require-hashes -r requirements-bench.txt
	@touch $@

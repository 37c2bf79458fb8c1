# `make run` and `make test` need Python 3.11 or newer (with venv) and nothing else. `make help` lists all.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
ifeq ($(strip $(PYTHON)),)
$(error Python 3.11 or newer is needed and was not found; name it with PYTHON=/path/to/python3)
endif

EMBEDDED = $(PYTHON) fleet/embedded/install.py --front-end --with requirements-embedded.txt
DEVELOPER = $(EMBEDDED) --with requirements-dev.txt
APPS = fleet devices waylines media livestream
# Checks need no running installation and no secret of their own.
QUIET = env FLEET_ALLOW_TEMPORARY_SECRET=1
PYTEST = python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not ceph"
TESTS ?=
EXAMPLES ?= ../shared/protocol/methods.jsonl

.DEFAULT_GOAL := help
.PHONY: help install run test test-postgres test-ceph check check-install check-lint check-format check-types check-django format messages conformance bench clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' $(MAKEFILE_LIST) | expand -t 16

install: ## install everything under var/ and start nothing
	@$(EMBEDDED)

run: ## start Fleet with everything it needs; Ctrl-C ends it
	@exec env FLEET_STOP_WITH_PARENT=1 $(EMBEDDED) -- python -m fleet.embedded

test: ## the test suite on SQLite and embedded servers (TESTS=tests/engine for a part)
	@exec $(DEVELOPER) -- $(PYTEST) $(TESTS)

test-postgres: ## the test suite on PostgreSQL, Redis and Mosquitto as Debian ships them
	@exec $(DEVELOPER) -- env FLEET_REQUIRE_SERVERS=1 python -m tests.servers --postgres --system-redis -- $(PYTEST) $(TESTS)

test-ceph: ## the storage tests on a real token service (Debian: ceph-mon ceph-mgr ceph-osd radosgw)
	@exec $(DEVELOPER) -- env FLEET_REQUIRE_SERVERS=1 python -m pytest -m ceph tests/media/storage

check: check-lint check-format check-types check-django ## lint, format, types, Django's checks, missing migrations

check-install:
	@$(DEVELOPER)

check-lint: check-install
	@$(DEVELOPER) -- ruff check --output-format concise .

check-format: check-install
	@$(DEVELOPER) -- ruff format --check .

check-types: check-install
	@$(DEVELOPER) -- $(QUIET) mypy

check-django: check-install
	@$(DEVELOPER) -- python -m compileall -q $(APPS) tests manage.py
	@$(DEVELOPER) -- $(QUIET) python manage.py check --fail-level WARNING
	@$(DEVELOPER) -- $(QUIET) python manage.py makemigrations --check --dry-run

format: ## put the code into the house's format
	@$(DEVELOPER) -- ruff check --fix --exit-zero .
	@$(DEVELOPER) -- ruff format .

messages: ## gather what is said to people into locale/ and compile the translations
	@$(DEVELOPER) -- $(QUIET) python manage.py messages

conformance: ## every example message of the documentation against this server (EXAMPLES=methods.jsonl)
	@exec $(DEVELOPER) -- $(QUIET) python -m tests.conformance $(EXAMPLES)

bench: ## how fast, as ratios; see docs/
	@exec $(DEVELOPER) -- $(QUIET) python -m bench

clean: ## remove what was installed and cached; the data stays
	@data=$$($(PYTHON) -c 'import sys; sys.path.insert(0, "fleet/embedded"); import install; print(install.data_directory())') && \
	rm -rf "$$data/venv" "$$data/node_modules" "$$data/package.json" "$$data/.npmrc" \
		.mypy_cache .ruff_cache .pytest_cache .hypothesis && \
	find . -path ./.git -prune -o -name __pycache__ -type d -prune -exec rm -rf {} + && echo "Removed; the data is still in $$data"

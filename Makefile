# Every command of the project. `make` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
STAMPS := .stamps
DOCS_SITE := .docs-site
# The oldest Python that can run the project, under whatever name it is installed.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
  $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes
JS_TESTS := $(wildcard tests/dashboards/js/*/*.test.js)
# Checks and tests read settings, never the user's.
TEST_ENV := env -u DATABASE_URL -u REDIS_URL -u MQTT_URL -u DATA_DIR DJANGO_SETTINGS_MODULE=tests.settings

# As it is deployed: behind a proxy, on PostgreSQL and Redis, which need not be there for this.
DEPLOYED = env -u DJANGO_SETTINGS_MODULE TRUSTED_PROXY=1 ALLOWED_HOSTS=plant.example \
  SECRET_KEY=$$(head -c 48 /dev/urandom | base64 -w 0) REDIS_URL=redis://127.0.0.1:6379/0 \
  DATABASE_URL=postgres://iotbridge@127.0.0.1:5432/iotbridge

# Several at a time: most tests wait for services. A file is run by one process.
JOBS ?= $(shell n=$$(nproc 2>/dev/null || echo 2); echo $$((2 * n)))
SIDE_BY_SIDE = -n $(JOBS) --dist loadfile
PYTEST_RUN = $(TEST_ENV) $(BIN)/python -m pytest $(SIDE_BY_SIDE)
ON_POSTGRESQL = $(TEST_ENV) $(BIN)/python -m tests.support.with_postgresql $(BIN)/python
# What differs between the databases; the rest was run on SQLite.
DATABASE_RUN = pytest $(SIDE_BY_SIDE) -m "db and not services" $(PYTEST)

.PHONY: help install demo test test-fast test-postgresql newcomer check docs coverage bench faults soak \
  screenshots services messages icons lock release format clean

help:
	@echo "make demo       the whole product in one process, with a simulated fleet"
	@echo "make install    the virtual environment for running, testing and checking"
	@echo "make test       all tests; installs the services they need (asks first)"
	@echo "make test-fast  the tests that need no service and no process: seconds"
	@echo "make test-postgresql  the tests of the database on PostgreSQL"
	@echo "make newcomer   the README's commands on a clone of what is committed, each lock by itself"
	@echo "make check      formatting, lint, types, architecture, documentation"
	@echo "make docs       the documentation as a site"
	@echo "make coverage   all tests, with the lines and branches that they reach"
	@echo "make bench      benchmarks, one JSON object a line (BENCH=name for one)"
	@echo "make faults     the long fault runs"
	@echo "make screenshots  every page at four sizes, in light and dark"
	@echo "make soak       a board that streams for SECONDS (an hour, if not said)"

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is missing: apt-get install python3 python3-venv"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "Python's venv module is missing: apt-get install python3-venv"; exit 1; }

$(STAMPS)/run: requirements.txt | $(BIN)/python
	@echo "Installing Python packages …"
	@$(PIP) -r requirements.txt
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/dev: requirements-dev.txt | $(BIN)/python
	@echo "Installing Python packages for development …"
	@$(PIP) -r requirements-dev.txt
	@mkdir -p $(STAMPS) && touch $@ $(STAMPS)/run

$(STAMPS)/node: package-lock.json
	@command -v npm >/dev/null || { echo "npm is missing: apt-get install npm"; exit 1; }
	@npm ci --silent --no-audit --no-fund
	@mkdir -p $(STAMPS) && touch $@

install: $(STAMPS)/dev
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory $(STAMPS)/node; \
	else echo "npm is missing, make check will need it: apt-get install npm"; fi

demo: $(STAMPS)/run
	@exec $(BIN)/python manage.py standalone --demo

services:
	@tests/support/install_services.sh

test: services $(STAMPS)/dev $(STAMPS)/node
	$(PYTEST_RUN) $(PYTEST)
	$(ON_POSTGRESQL) -m $(DATABASE_RUN)
	node --test $(JS_TESTS)
	# Without what draws its inputs by chance: a line is covered in every run, or in none.
	$(TEST_ENV) $(BIN)/python -m coverage run --data-file=.coverage.core -m pytest -q -m "not hypothesis" tests/mqtt_ingest/core tests/attacks/test_hostile_*.py
	$(BIN)/python -m coverage combine --quiet --data-file=.coverage.core
	$(BIN)/python -m coverage report --data-file=.coverage.core --include='mqtt_ingest/core/*' --fail-under=100

test-fast: $(STAMPS)/dev
	HYPOTHESIS_PROFILE=fast $(PYTEST_RUN) -m "not services and not browser and not process and not slow" $(PYTEST)

test-postgresql: services $(STAMPS)/dev
	$(ON_POSTGRESQL) -m $(DATABASE_RUN)

# All of `test` on both databases, with the lines and branches that it reaches in every process.
coverage: services $(STAMPS)/dev
	$(BIN)/python -m coverage erase
	$(TEST_ENV) $(BIN)/python -m coverage run -m pytest $(SIDE_BY_SIDE) $(PYTEST)
	$(ON_POSTGRESQL) -m coverage run -m $(DATABASE_RUN)
	$(BIN)/python -m coverage combine --quiet
	$(BIN)/python -m coverage report --fail-under=90

newcomer: services $(STAMPS)/dev
	$(TEST_ENV) NEWCOMER=1 $(BIN)/python -m pytest tests/newcomer $(PYTEST)

check: $(STAMPS)/dev $(STAMPS)/node
	@command -v node >/dev/null || { echo "node is missing: apt-get install nodejs"; exit 1; }
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	# Without a cache: what it says of reverse relations depends on the order files were read in.
	$(TEST_ENV) $(BIN)/mypy --cache-dir /dev/null .
	$(TEST_ENV) $(BIN)/lint-imports
	$(BIN)/deptry .
	$(BIN)/djlint --quiet --lint dashboards/templates
	npx --no-install tsc -p jsconfig.json
	$(BIN)/sphinx-build --fail-on-warning --keep-going --quiet docs $(DOCS_SITE)
	$(TEST_ENV) $(BIN)/python manage.py check
	$(DEPLOYED) $(BIN)/python manage.py check --deploy --fail-level WARNING
	$(TEST_ENV) $(BIN)/python manage.py makemigrations --check --dry-run

bench: services $(STAMPS)/dev
	@$(TEST_ENV) $(BIN)/python -m tests.bench $(BENCH)

# All ecosystems of ../shared/corpus through a real broker; PROBLEMS=--problems names them.
corpus: services $(STAMPS)/dev
	@$(TEST_ENV) $(BIN)/python -m tests.corpus $(PROBLEMS)

FAULT_TESTS ?= tests/faults tests/end_to_end/test_exactly_once.py
faults: services $(STAMPS)/dev
	FAULTS=long FAULT_ROUNDS=10 $(PYTEST_RUN) --timeout 1800 $(FAULT_TESTS) $(PYTEST)

SECONDS ?= 3600
soak: services $(STAMPS)/dev
	$(TEST_ENV) SOAK=1 SOAK_SECONDS=$(SECONDS) $(BIN)/python -m pytest -s tests/soak $(PYTEST)

screenshots: services $(STAMPS)/dev
	SCREENSHOTS=1 $(PYTEST_RUN) tests/screenshots $(PYTEST)

docs: $(STAMPS)/dev
	$(BIN)/sphinx-build --fail-on-warning --keep-going --quiet docs $(DOCS_SITE)
	@echo "The documentation is in $(DOCS_SITE)/index.html"

# The version is in iotbridge/__init__.py, its changes are in CHANGELOG.md.
release: check
	@git diff --quiet HEAD || { echo "commit everything first"; exit 1; }
	@version=$$($(BIN)/python -c 'import iotbridge; print(iotbridge.__version__)'); \
	grep -q "^## \[$$version\] - [0-9-]*$$" CHANGELOG.md || \
	  { echo "CHANGELOG.md has no section '## [$$version] - YYYY-MM-DD'"; exit 1; }; \
	$(BIN)/python -m build --outdir dist . && git tag -a "v$$version" -m "iotbridge $$version" && \
	echo "Tagged v$$version; the package is in dist/. Publish both: docs/contributing/release.md"

format: $(STAMPS)/dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# For maintainers: the catalogues, after texts have changed. Needs gettext. Translate what is
# empty, then run it again.
MESSAGES := --all --no-location --no-obsolete --no-wrap --ignore '.venv/*' --ignore '.stamps/*' --ignore 'node_modules/*' \
  --ignore 'tests/*' --ignore '*/vendor/*'
icons: $(STAMPS)/dev $(STAMPS)/node
	$(TEST_ENV) $(BIN)/python -m tests.support.make_icons

messages: $(STAMPS)/dev
	$(TEST_ENV) $(BIN)/python manage.py makemessages $(MESSAGES)
	$(TEST_ENV) $(BIN)/python manage.py makemessages -d djangojs $(MESSAGES)
	cd iotbridge/locale && for po in */LC_MESSAGES/*.po; do msgfmt --check-format -o "$${po%.po}.mo" "$$po"; done

# For maintainers: the locks from pyproject.toml. Needs uv.
lock:
	uv pip compile -q pyproject.toml --universal --generate-hashes --python-version 3.11 \
	  --extra postgres --extra parquet --group dev -o requirements-dev.txt
	uv pip compile -q pyproject.toml --universal --generate-hashes --python-version 3.11 \
	  -c requirements-dev.txt -o requirements.txt
	uv pip compile -q pyproject.toml --universal --generate-hashes --python-version 3.11 \
	  --extra postgres -c requirements-dev.txt -o requirements-production.txt

clean:
	rm -rf $(VENV) $(STAMPS) $(DOCS_SITE) node_modules dist build

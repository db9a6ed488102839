# The house's front door. Every target sets up what it needs: Python 3.11 or newer with venv, make and git are enough.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
PORT ?= 8000
READER_PORT ?= 8002
VENV := .venv
PY := $(VENV)/bin/python
export PORT READER_PORT

.PHONY: demo test soak lint bench messages lock clean

demo: $(VENV)/.run  ## the small country on http://127.0.0.1:$(PORT)
	$(PY) manage.py demo --port $(PORT) --reader-port $(READER_PORT)

test: $(VENV)/.dev catalogues  ## all tests; again on PostgreSQL when TEST_DATABASE_URL names one
	PY=$(PY) sh tools/test.sh

soak: $(VENV)/.dev catalogues  ## the large tests at their stated size (SEED= repeats a run)
	$(PY) tools/soak.py $(SEED)

lint: $(VENV)/.dev
	$(PY) -m ruff check . && $(PY) -m ruff format --check . && $(VENV)/bin/lint-imports && $(PY) -m mypy

bench: $(VENV)/.dev
	$(PY) -m bench

messages: $(VENV)/.dev  ## list the texts that have no Japanese yet
	$(PY) manage.py collect_messages

lock: ## write both lock files anew (wants uv)
	sh tools/lock.sh

.PHONY: catalogues
catalogues: $(VENV)/.run
	@$(PY) manage.py compile_catalogues

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

# The lock names every distribution with its hash, so nothing is resolved here (--no-deps).
$(VENV)/.run: requirements.lock | $(VENV)/bin/python
	$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	touch $@

$(VENV)/.dev: requirements-dev.lock | $(VENV)/bin/python
	$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.lock
	touch $@ $(VENV)/.run

clean:
	rm -rf var

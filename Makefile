# Two commands: `make run` starts the dashboard, `make test` checks everything. Each installs what it needs first.
PYTHON ?= python3
PORT ?= 8501
BIN := .venv/bin

.PHONY: run worker test check audit demo bench tools clean

run: .venv/runtime
	$(BIN)/streamlit run app.py --server.port $(PORT)

# Makes the cuts of dashboards with PILOT_OPS_RENDERS=0; as many as you like, where PILOT_OPS_DATABASE_URL reaches.
worker: .venv/runtime
	$(BIN)/python -m pilot_core.render_queue

test: .venv/development tools check
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

check: .venv/development
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

# Asks the advisory service about every pinned version; needs the network, so it is no part of the tests.
audit: .venv/development
	$(BIN)/pip-audit --requirement requirements.txt --no-deps --disable-pip

demo: .venv/runtime
	$(BIN)/python scripts/make_demo.py

# Ten minutes on a quiet machine. KEEP=1 makes this run the one that later ones are compared with; SECTIONS names a few.
bench: .venv/development .venv/moviepy tools
	$(BIN)/python -m bench $(if $(KEEP),--keep) $(SECTIONS)

# Chromium, LibreOffice, PostgreSQL and nginx. Without root, or away from Debian, the tests that use them are skipped by
# name; with CI=true such a skip is a failure.
tools:
	@sh scripts/install_test_tools.sh

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Pilot Ops needs Python 3.11 or newer; name one with: make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip

.venv/runtime: requirements.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet -r requirements.txt
	@touch $@

.venv/development: requirements.txt requirements-dev.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet -r requirements-dev.txt
	@touch $@ .venv/runtime

# A rival in the measures only. It wants an older Pillow than the product, so it lives apart.
.venv/moviepy: bench/requirements-moviepy.txt | .venv/bin/python
	$(BIN)/python -m venv $@
	$@/bin/python -m pip install --quiet -r bench/requirements-moviepy.txt
	@touch $@

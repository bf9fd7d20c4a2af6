# Two commands: `make run` starts the dashboard, `make test` checks everything. Each installs what it needs first.
PYTHON ?= python3
PORT ?= 8501
BIN := .venv/bin

.PHONY: run worker test everything check rules audit mutants demo bench settings screenshots tools clean

run: .venv/runtime
	$(BIN)/streamlit run app.py --server.port $(PORT)

# Makes the cuts of dashboards with PILOT_OPS_RENDERS=0; as many as you like, where PILOT_OPS_DATABASE_URL reaches.
worker: .venv/runtime
	$(BIN)/python -m pilot_core.cli.render_worker

test: .venv/development tools rules
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

# The rows of long tables too, such as every delivered film in the player, and long random runs: half an hour more.
everything: .venv/development tools rules
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder --everything

# Everything that answers within two minutes: the rules of the code, and the quick half of the tests, on DuckDB.
check: rules
	$(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder -m "not slow"

rules: .venv/development
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

# Asks the advisory service about every pinned version; needs the network, so it is no part of the tests.
audit: .venv/development
	$(BIN)/pip-audit --requirement requirements.txt --no-deps --disable-pip

# Changes the code of access and recommendation in small ways and looks whether a test notices; see docs/mutants.md.
# Three quarters of an hour on one core. MUTANTS names some of the groups.
mutants: .venv/development
	MUTANTS="$(MUTANTS)" $(BIN)/python scripts/mutants.py

demo: .venv/runtime
	$(BIN)/python scripts/make_demo.py

# Ten minutes on a quiet machine. KEEP=1 makes this run the one that later ones are compared with; SECTIONS names a few.
bench: .venv/development .venv/moviepy tools
	$(BIN)/python -m bench $(if $(KEEP),--keep) $(SECTIONS)

# Writes the README's table of settings anew from pilot_core/settings.py.
settings: .venv/runtime
	$(BIN)/python scripts/settings_table.py

# Takes the README's screenshots anew, from a demo store made for them.
screenshots: .venv/development tools
	$(BIN)/python scripts/screenshots.py

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

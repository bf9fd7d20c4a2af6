# Two commands: `make run` starts the dashboard, `make test` checks everything. Each installs what it needs first.
PYTHON ?= python3
PORT ?= 8501
BIN := .venv/bin

.PHONY: run test check demo bench browser clean

run: .venv/runtime
	$(BIN)/streamlit run app.py --server.port $(PORT)

test: .venv/development browser check
	$(BIN)/python -m pytest -n 2 --dist loadfile

check: .venv/development
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

demo: .venv/runtime
	$(BIN)/python scripts/make_demo.py

bench: .venv/development
	$(BIN)/python -m bench

# Without root, or away from Debian, the browser tests are skipped by name; with CI=true such a skip is a failure.
browser:
	@sh scripts/install_browser.sh

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

# make lab    install, run the chapter, say where the report is
# make test   install what the tests need, run them all
# make lint   ruff, pyright, import-linter
# make bench   times, as ratios: the chapter to a plain script, functions to torch
# PIP_ARGS    passed to pip, e.g. PIP_ARGS="--extra-index-url https://download.pytorch.org/whl/cpu"

PYTHON ?= python3
BIN := .venv/bin
PIP = $(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt $(PIP_ARGS)

.PHONY: lab test lint bench docs clean
.DELETE_ON_ERROR:

lab: .venv/lab.done
	$(BIN)/normlab run chapter

test: .venv/test.done
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome \
		>/dev/null || { echo "The page tests need a browser: apt-get install chromium"; exit 1; }
	$(BIN)/python -m pytest -q -n 2

lint: .venv/lint.done
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports

bench: .venv/lab.done
	$(BIN)/python benchmarks/chapter_time.py
	$(BIN)/python benchmarks/layers.py

docs: .venv/lab.done
	$(BIN)/python docs/generate.py

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/lab.done: .venv/bin/python pyproject.toml constraints.txt
	@echo "Installing normlab and what it needs into .venv (torch is large: a minute or more)"
	$(PIP) -e .
	@touch $@

.venv/test.done: .venv/lab.done
	@echo "Installing what the tests need"
	$(PIP) -e ".[test]"
	@touch $@

.venv/lint.done: .venv/test.done
	$(PIP) -e ".[test,lint]"
	@touch $@

clean:
	rm -rf .venv normlab-out build dist src/*.egg-info

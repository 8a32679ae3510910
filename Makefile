# make lab    install, run the chapter, say where the report is
# make test   install what the tests need (as root also Chromium, with apt-get), run them all
# make test-frameworks        conventions and ONNX files against Keras, Flax, ONNX (a minute of installing)
# make test-frameworks-more   against TensorFlow and Paddle, which are large and bear no other in their process
# make lint   ruff, pyright, import-linter
# make web    what web/src makes of the explorer's page, for who changes it (needs Node.js); make web-lint checks it
# make zoo    the mistakes that normlab grade is tried on, and what it names them
# make bench   times, as ratios: the chapter to a plain script, functions to torch
# make bench-explorer      how soon the explorer's picture follows a key or a drag, in a browser
# make explorer-pictures   pictures of the explorer's main states in normlab-out/explorer, to be looked at
# PIP_ARGS    passed to pip, e.g. PIP_ARGS="--extra-index-url https://download.pytorch.org/whl/cpu"

PYTHON ?= python3
BIN := .venv/bin
PIP = $(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt $(PIP_ARGS)

CHROMIUM = { command -v chromium || command -v chromium-browser || command -v google-chrome; } >/dev/null
MAY_INSTALL = { command -v apt-get >/dev/null && test "$$(id -u)" = 0; }
INSTALL = apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
	apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core

.PHONY: lab test browser test-frameworks test-frameworks-more lint web web-lint bench bench-explorer explorer-pictures zoo docs clean
.DELETE_ON_ERROR:

lab: .venv/lab.done
	$(BIN)/normlab run chapter

# With Chromium everything runs. Without it, and without the right to install it, the rest does, and the line
# at the end counts what was not run.
test: .venv/test.done browser
	@if $(CHROMIUM); then $(BIN)/python -m pytest -q --timing=only tests/explorer && \
		$(BIN)/python -m pytest -q -n 2 --timing=none; else \
		$(BIN)/python -m pytest -q -n 2 -m "not browser"; ended=$$?; \
		echo "NOT RUN: $$($(BIN)/python -m pytest -q --collect-only -m browser | grep -c ::) tests of pages," \
			"which need a browser: apt-get install chromium"; exit $$ended; fi

browser:
	@$(CHROMIUM) || ! $(MAY_INSTALL) || { echo "Installing chromium, for the tests of pages"; \
		{ $(INSTALL); } >/dev/null || echo "chromium could not be installed"; }

test-frameworks: .venv-frameworks/done
	.venv-frameworks/bin/python -m pytest -q $(foreach name,keras flax onnx onnx_export,tests/frameworks/test_$(name).py)

test-frameworks-more: .venv-frameworks-more/done
	.venv-frameworks-more/bin/python -m pytest -q tests/frameworks/test_tensorflow.py
	.venv-frameworks-more/bin/python -m pytest -q tests/frameworks/test_paddle.py

lint: .venv/lint.done
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports

web: web/node_modules/done
	cd web && npm run --silent build

web-lint: web/node_modules/done
	cd web && npm run --silent check

web/node_modules/done: web/package-lock.json
	cd web && npm ci --silent
	@touch $@

bench: .venv/lab.done
	$(BIN)/python benchmarks/chapter_time.py
	$(BIN)/python benchmarks/layers.py --write
	$(BIN)/python benchmarks/windows.py
	$(BIN)/python benchmarks/cortex.py
	$(BIN)/python benchmarks/ensembles.py
	$(BIN)/python benchmarks/reader.py

bench-explorer: .venv/test.done browser
	$(BIN)/python benchmarks/explorer_latency.py --write

explorer-pictures: .venv/test.done browser
	$(BIN)/python benchmarks/explorer_pictures.py

zoo: .venv/lab.done
	$(BIN)/python tests/grade/zoo_table.py

docs: .venv/test.done
	$(BIN)/python docs/generate.py
	$(BIN)/python -m pytest -q -n 2 -m proves --write-coverage tests

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/lab.done: .venv/bin/python pyproject.toml constraints.txt
	@echo "Installing normlab and what it needs into .venv (torch is large: a minute or more)"
	$(PIP) -e ".[photographs,training]"
	@touch $@

.venv/test.done: .venv/lab.done
	@echo "Installing what the tests need"
	$(PIP) -e ".[test]"
	@touch $@

.venv/lint.done: .venv/test.done
	$(PIP) -e ".[test,lint]"
	@touch $@

# venvs of their own that also see .venv, and so need no second torch
.venv-frameworks/done: WITH = -c constraints-frameworks.txt keras flax onnx onnxruntime onnxscript
.venv-frameworks/done: constraints-frameworks.txt
.venv-frameworks-more/done: WITH = tensorflow-cpu==2.21.0 paddlepaddle==3.3.1
SITE = -c "import site; print(site.getsitepackages()[0])"
SEE = -c "import site; print(f'import site; site.addsitedir({site.getsitepackages()[0]!r})')"

.venv-frameworks/done .venv-frameworks-more/done: .venv/test.done
	@echo "Installing $(filter-out -c %.txt,$(WITH)) into $(@D)"
	@$(BIN)/python -m venv --without-pip $(@D)
	@$(BIN)/python $(SEE) > $$($(@D)/bin/python $(SITE))/see_venv.pth
	$(BIN)/pip --python $(@D)/bin/python install --quiet --disable-pip-version-check -c constraints.txt $(PIP_ARGS) $(WITH)
	@touch $@

clean:
	rm -rf .venv web/node_modules .venv-frameworks .venv-frameworks-more normlab-out build dist src/*.egg-info

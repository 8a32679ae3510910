# make lab    install, run the chapter, say where the report is
# make test   install what the tests need, run them all
# make test-frameworks        conventions and ONNX files against Keras, Flax, ONNX (a minute of installing)
# make test-frameworks-more   against TensorFlow and Paddle, which are large and bear no other in their process
# make lint   ruff, pyright, import-linter
# make zoo    the mistakes that normlab grade is tried on, and what it names them
# make bench   times, as ratios: the chapter to a plain script, functions to torch
# PIP_ARGS    passed to pip, e.g. PIP_ARGS="--extra-index-url https://download.pytorch.org/whl/cpu"

PYTHON ?= python3
BIN := .venv/bin
PIP = $(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt $(PIP_ARGS)

.PHONY: lab test test-frameworks test-frameworks-more lint bench zoo docs clean
.DELETE_ON_ERROR:

lab: .venv/lab.done
	$(BIN)/normlab run chapter

test: .venv/test.done
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome \
		>/dev/null || { echo "The page tests need a browser: apt-get install chromium"; exit 1; }
	$(BIN)/python -m pytest -q -n 2

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

bench: .venv/lab.done
	$(BIN)/python benchmarks/chapter_time.py
	$(BIN)/python benchmarks/layers.py --write
	$(BIN)/python benchmarks/windows.py
	$(BIN)/python benchmarks/cortex.py

zoo: .venv/lab.done
	$(BIN)/python tests/grade/zoo_table.py

docs: .venv/test.done
	$(BIN)/python docs/generate.py
	$(BIN)/python -m pytest -q -n 2 -m proves --write-coverage tests

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
	rm -rf .venv .venv-frameworks .venv-frameworks-more normlab-out build dist src/*.egg-info

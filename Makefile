# make lab    install, run the chapter, say where the report is
# make test       install what the tests need (as root also Chromium, with apt-get), prove everything once
# make test-all   the same, the tests marked slow, and ten times as many drawn examples: what CI runs
# make test-frameworks        conventions and ONNX files against Keras, Flax, ONNX (a minute of installing)
# make test-frameworks-more   against TensorFlow and Paddle, which are large and bear no other in their process
# make test-real   check, convert and doctor on networks of torchvision, timm, transformers, compressai, torchcrepe
# make test-torch VERSION=2.10.0   the library's tests with that torch, in an environment of its own (gigabytes)
# make kernels    build the C++ kernels, where a compiler is installed (make lab and make test do it first)
# make wheel      a wheel for this kind of machine with the kernels for all its processors, tried in a new environment
# make sdist   the source as a file, installed and tried in a new environment
# make sanitize   the tests of the kernels with AddressSanitizer and UndefinedBehaviorSanitizer
# make arm    the kernels compiled for ARM, run on an emulated processor against plain loops (g++-aarch64-linux-gnu, qemu-user)
# make lint   ruff, pyright, import-linter
# make web    what web/src makes of the explorer's page, for who changes it (needs Node.js); make web-lint checks it
# make snapshot   write down the public interface anew in tests/public, when it has changed on purpose
# make verdicts   the laboratory in full: writes the verdicts that chapter, README and docs quote
# make notebooks   the lesson's two notebooks, of notebooks/lesson: the teacher's is run and saved with its output
# make zoo    the mistakes that normlab grade is tried on, and what it names them
# make doctor-traps   where tools that recalibrate, fold, freeze or synchronise go wrong, and normlab.doctor beside them
# make doctor-networks   fifty architectures with random weights: what normlab doctor finds, and how long it takes (2 minutes)
# make doctor-fixes   networks broken in eight ways: accuracy healthy, broken and fixed, over five seeds (3 minutes)
# make doctor-zoo   for each rule of normlab doctor: sick networks found, false alarms at healthy ones (4 minutes)
# make fit-coverage   docs/reference/fit-coverage.md: how often the intervals of normlab.fit contain the true value (8 minutes)
# make interval-coverage   docs/reference/intervals.md: how often the training laboratory's intervals contain the true value (2 minutes)
# make cortex-numbers   docs/reference/cortex-numbers.md: what was published of the V1 model beside ours (2 minutes)
# make bench   every layer timed against torch, torch.compile and a copy (normlab bench); the readers, the chapter
# make gpu-check   the layers on this machine's GPU: right, and how fast (5 minutes); without an environment:
#                  PYTHONPATH=src python3 -m normlab.bench.gpu
# make bench-explorer      how soon the explorer's picture follows a key or a drag, in a browser; fails when late
# make explorer-pictures   pictures of the explorer's main states in normlab-out/explorer, to be looked at
# make site   the docs as a site in build/site, without network; every warning is an error
# WORKERS     how many processes share the tests of make test and make test-all (3)
# PIP_ARGS    passed to pip, e.g. PIP_ARGS="--extra-index-url https://download.pytorch.org/whl/cpu"

PYTHON ?= python3
BIN := .venv/bin
# Some environments say that Python must not keep what it compiled; each of the tests' hundreds of processes would
# then compile the package again.
unexport PYTHONDONTWRITEBYTECODE
PIP = $(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt $(PIP_ARGS)

CHROMIUM = { command -v chromium || command -v chromium-browser || command -v google-chrome; } >/dev/null
MAY_INSTALL = { command -v apt-get >/dev/null && test "$$(id -u)" = 0; }
INSTALL = apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
	apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core

.PHONY: lab test test-all browser test-frameworks test-frameworks-more test-torch lint web web-lint bench gpu-check bench-explorer explorer-pictures zoo docs verdicts snapshot test-real kernels wheel sanitize arm fit-coverage cortex-numbers site sdist doctor-zoo doctor-traps doctor-networks doctor-fixes interval-coverage notebooks clean
.DELETE_ON_ERROR:

lab: .venv/lab.done kernels
	$(BIN)/normlab run chapter

# With Chromium everything runs. Without it, and without the right to install it, the rest does, and the line
# at the end counts what was not run. Three workers keep two cores busy, since many tests wait for a page or for
# processes. A worker takes over what another has left: it shares more that way.
WORKERS ?= 3
PYTEST = $(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal

test: CHOSEN = not slow
test-all: CHOSEN =
test-all: PYTEST += --hypothesis-profile=thorough
test test-all: .venv/test.done browser kernels
	@if $(CHROMIUM); then $(PYTEST) -m "$(CHOSEN)"; else \
		$(PYTEST) -m "not browser$(if $(CHOSEN), and $(CHOSEN))"; ended=$$?; \
		echo "NOT RUN: $$($(BIN)/python -m pytest -q --collect-only -m browser | grep -c ::) tests of pages," \
			"which need a browser: apt-get install chromium"; exit $$ended; fi

kernels: .venv/lab.done
	@$(BIN)/python csrc/build.py

wheel: .venv/lab.done
	$(BIN)/python csrc/build.py --all
	rm -rf dist && $(BIN)/pip wheel --quiet --no-deps --wheel-dir dist .
	$(call TRIED,dist/*.whl)
	cd build/smoke && bin/python -I ../../tests/kernels/smoke.py

sdist: .venv/release.done
	rm -rf dist/*.tar.gz
	$(BIN)/python -m build --quiet --no-isolation --sdist --outdir dist .
	$(call TRIED,dist/*.tar.gz)

# Installs a file into a new environment that sees the packages of .venv, and runs the commands there.
define TRIED
	rm -rf build/smoke && $(BIN)/python -m venv --without-pip build/smoke
	$(BIN)/python $(SEE) > $$(build/smoke/bin/python $(SITE))/see_venv.pth
	$(BIN)/pip --python build/smoke/bin/python install --quiet --no-deps --no-build-isolation --force-reinstall $(1)
	cd build/smoke && bin/python -I ../../tests/installed.py
endef

# The runtime of the sanitizer must be loaded before Python; torch leaks on purpose.
sanitize: .venv/test.done
	$(BIN)/python csrc/build.py --sanitize
	LD_PRELOAD="$$($${CXX:-g++} -print-file-name=libasan.so) $$($${CXX:-g++} -print-file-name=libstdc++.so)" \
		ASAN_OPTIONS=detect_leaks=0 $(BIN)/python -m pytest -q -m "not slow" tests/kernels/test_native.py \
		tests/kernels/test_kernel_moments.py tests/kernels/test_norm_kernels.py; ended=$$?; $(BIN)/python csrc/build.py && exit $$ended

arm:
	@mkdir -p build
	aarch64-linux-gnu-g++ -std=c++17 -O3 -fno-math-errno -fno-trapping-math -static -DSET=generic \
		-ffp-contract=off $(foreach part,core norms mixing sums check,csrc/$(part).cpp) -o build/check-arm
	qemu-aarch64 build/check-arm

browser:
	@$(CHROMIUM) || ! $(MAY_INSTALL) || { echo "Installing chromium, for the tests of pages"; \
		{ $(INSTALL); } >/dev/null || echo "chromium could not be installed"; }

test-all: test-real

test-real: .venv-real/done
	.venv-real/bin/python -m pytest -q -n 2 tests/real
	ATEN_CPU_CAPABILITY=default .venv-real/bin/python -m pytest -q -n 2 tests/real -k alarm
	.venv-real/bin/python -m pytest -q tests/doctor/test_watching.py -k tensorboard

test-frameworks: .venv-frameworks/done
	.venv-frameworks/bin/python -m pytest -q $(foreach name,keras flax onnx onnx_export,tests/frameworks/test_$(name).py)

test-frameworks-more: .venv-frameworks-more/done
	.venv-frameworks-more/bin/python -m pytest -q tests/frameworks/test_tensorflow.py
	.venv-frameworks-more/bin/python -m pytest -q tests/frameworks/test_paddle.py

# The library, without laboratory, explorer and grade.
LIBRARY = $(addprefix src/normlab/,checks conversion equation filters.py functional kernels moments.py nn) \
	$(addprefix tests/,checks conversion equation kernels nn properties uses test_filters.py test_functional.py \
	test_functional_stats.py test_functional_windows.py test_moments.py test_torch_samples.py)

test-torch: .venv-torch-$(VERSION)/done
	.venv-torch-$(VERSION)/bin/python -m pytest -q -n 2 $(LIBRARY)

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

bench: .venv/lab.done kernels
	$(BIN)/python benchmarks/chapter_time.py
	$(BIN)/normlab bench --out docs/reference/timings.md --figure docs/_static/timings.svg
	$(BIN)/python benchmarks/cortex.py
	$(BIN)/python benchmarks/ensembles.py
	$(BIN)/python benchmarks/reader.py
	$(BIN)/python benchmarks/watch.py
	$(BIN)/python benchmarks/measure.py
	$(BIN)/python benchmarks/measure_scale.py

gpu-check: .venv/lab.done
	$(BIN)/python -m normlab.bench.gpu

bench-explorer: .venv/test.done browser
	$(BIN)/python benchmarks/explorer_latency.py --write

explorer-pictures: .venv/test.done browser
	$(BIN)/python benchmarks/explorer_pictures.py

notebooks: .venv/test.done
	$(BIN)/python notebooks/build.py

zoo: .venv/lab.done
	$(BIN)/python tests/grading/zoo_table.py

doctor-zoo: .venv/test.done
	$(BIN)/python tests/doctor/doctor_zoo_table.py

verdicts: .venv/lab.done
	$(BIN)/python docs/verdicts.py

snapshot: .venv/test.done
	$(BIN)/python tests/public/write.py

doctor-traps: .venv-real/done
	.venv-real/bin/python tests/doctor/traps_table.py

doctor-networks: .venv-real/done
	.venv-real/bin/python -W ignore tests/real/doctor_table.py

doctor-fixes: .venv/test.done
	$(BIN)/python -W ignore tests/doctor/broken.py

fit-coverage: .venv/lab.done
	$(BIN)/python tests/fitting/coverage_table.py

interval-coverage: .venv/lab.done
	$(BIN)/python tests/lab/training/interval_coverage.py

cortex-numbers: .venv/lab.done
	$(BIN)/python docs/cortex_numbers.py

site: .venv/site.done kernels
	rm -f docs/_static/lesson.html
	$(BIN)/python -m sphinx --builder html --fail-on-warning --keep-going --quiet docs build/site
	$(BIN)/python docs/check.py build/site
	@echo "The site: build/site/index.html"

docs: .venv/test.done .venv-real/done
	$(BIN)/python docs/generate.py
	.venv-real/bin/python tests/real/convert_page.py
	$(BIN)/python -m pytest -q -n 2 -m "proves or works" --write-coverage tests

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/lab.done: .venv/bin/python pyproject.toml constraints.txt
	@echo "Installing normlab and what it needs into .venv (torch is large: a minute or more)"
	$(PIP) -e ".[lab,photographs,training]"
	@touch $@

.venv/test.done: .venv/lab.done
	@echo "Installing what the tests need"
	$(PIP) -e ".[test]"
	@touch $@

.venv/lint.done: .venv/test.done
	$(PIP) -e ".[test,lint]"
	@touch $@

.venv/release.done: .venv/test.done
	$(PIP) -e ".[test,release]"
	@touch $@

.venv/site.done: .venv/test.done
	@echo "Installing what the site needs"
	$(PIP) -e ".[test,site]"
	@touch $@

# venvs of their own that also see .venv, and so need no second torch
.venv-frameworks/done: WITH = -c constraints-frameworks.txt keras flax onnx onnxruntime onnxscript
.venv-frameworks/done: constraints-frameworks.txt
.venv-frameworks-more/done: WITH = tensorflow-cpu==2.21.0 paddlepaddle==3.3.1
.venv-real/done: WITH = -c constraints-real.txt --no-deps $(shell grep -v "^\#" constraints-real.txt | cut -d= -f1)
.venv-real/done: constraints-real.txt
SITE = -c "import site; print(site.getsitepackages()[0])"
SEE = -c "import site; print(f'import site; site.addsitedir({site.getsitepackages()[0]!r})')"

.venv-frameworks/done .venv-frameworks-more/done .venv-real/done: .venv/test.done
	@echo "Installing $(filter-out -% %.txt,$(WITH)) into $(@D)"
	@$(BIN)/python -m venv --without-pip $(@D)
	@$(BIN)/python $(SEE) > $$($(@D)/bin/python $(SITE))/see_venv.pth
	$(BIN)/pip --python $(@D)/bin/python install --quiet --disable-pip-version-check -c constraints.txt $(PIP_ARGS) $(WITH)
	@touch $@

.venv-torch-/done:
	@echo "Which torch? For example: make test-torch VERSION=2.10.0" >&2; exit 2

# all that CI runs but torch is pinned as there
.venv-torch-%/done: pyproject.toml constraints.txt
	@echo "Installing torch $* and what the tests need into $(@D)"
	@$(PYTHON) -m venv $(@D)
	@grep -v "^torch==" constraints.txt > $(@D)/constraints.txt
	$(@D)/bin/pip install --quiet --disable-pip-version-check -c $(@D)/constraints.txt $(PIP_ARGS) torch==$* -e ".[test]"
	@touch $@

clean:
	rm -rf .venv web/node_modules .venv-real .venv-frameworks .venv-frameworks-more .venv-torch-* normlab-out build dist src/*.egg-info \
		src/normlab/kernels/libkernels.so

# Two commands for everyone: `make monitor` and `make test`. Both make .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUNS := $(VENV)/.runs
READY := $(VENV)/.ready

# Small problems in many processes: threads below numpy would only wait for each other.
export OPENBLAS_NUM_THREADS ?= 1

.PHONY: help setup monitor docs test accessibility lab lint format lock notebooks bench-evidence pictures clean
.PHONY: mutants test-long bench-speed
.DEFAULT_GOAL := help

help:
	@echo "make monitor    render the monitor on invented schools (demo)"
	@echo "make lab        open Jupyter Lab on the demo, at the notebooks that show how to analyse"
	@echo "make docs       write the documentation as a site, with reference and gallery"
	@echo "make test       run the whole test suite"
	@echo "make test-long  attack every cell of the demo with a solver, kill fifty runs (half an hour)"
	@echo "make accessibility   visit every page in a browser; make test visits a sample"
	@echo "make format     let ruff write the code as it should look"
	@echo "make notebooks  run the notebooks again and store their outputs"
	@echo "make mutants    put in small errors and see whether the tests notice (hours; SAMPLE=60: less)"
	@echo "make bench-evidence  measure how often the method is wrong (an hour on two cores)"
	@echo "make bench-speed     measure how long the commands take; DATA=folder: with published files"
	@echo "make pictures   take the pictures of the README, and of ten pages to look at (needs Chromium)"
	@echo "make lock       pin the dependencies again (needs uv)"
	@echo "make clean      remove the environment, the demo and rendered reports of the demo"

# What the monitor needs; the test suite adds to it. Modules are compiled on all processors after
# the installing, which pip does on one, and without the tests that packages bring; a file that this
# Python cannot compile is no error, as with pip.
COMPILE := $(BIN)/python -m compileall -q -j 0 -x '[/\\]tests[/\\]' $(VENV)
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile
$(RUNS): requirements-monitor.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed; this is " + sys.version.split()[0] + ". Call make with PYTHON=python3.12, say.") if sys.version_info < (3, 11) else None'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "No virtual environment could be made; on Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@echo "Installing the locked dependencies (about a minute) ..."
	@$(PIP) --require-hashes -r requirements-monitor.lock
	@$(PIP) --no-deps --no-build-isolation -e .
	@$(COMPILE) || true
	@touch $@

$(READY): requirements.lock $(RUNS)
	@echo "Installing what the tests need besides ..."
	@$(PIP) --require-hashes -r requirements.lock
	@$(COMPILE) || true
	@touch $@

# On all processors; what a file sets up, such as a rendered site or a kernel, it sets up once.
SPREAD := -n auto --dist loadfile

setup: $(READY)

monitor: $(RUNS)
	@$(BIN)/kansen render --data data/demo

docs: $(RUNS)
	@$(BIN)/python docs/make_site.py

lab: $(RUNS)
	@$(PIP) --require-hashes -r requirements-lab.lock
	@$(BIN)/kansen lab --data data/demo

test: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/kansen demo --output data/demo
	@$(BIN)/python -m pytest $(SPREAD)
	@$(BIN)/kansen build --data data/demo --quiet
	@$(BIN)/python -m pytest $(SPREAD) --nbval notebooks

# All cells of a rendered monitor against a solver, runs that are killed, hostile text one by one.
test-long: monitor $(READY)
	@$(BIN)/python tests/attack.py "$$(ls -d reports/demo-* | tail -n 1)" "$$(ls -d editions/demo-* | tail -n 1)"
	@$(BIN)/python tests/kills.py 50
	@$(BIN)/python tests/injection.py 1

accessibility: $(READY)
	@KANSEN_EVERY_PAGE=1 $(BIN)/python -m pytest tests/test_accessibility.py \
	  --junitxml=reports/accessibility.xml; status=$$?; \
	PYTHONPATH=tests $(BIN)/python tests/accessibility_report.py reports/accessibility.xml \
	  src/kansen_analysis/pages/accessibility_results.json; exit $$status

format: $(READY)
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

notebooks: $(READY)
	@$(BIN)/kansen demo --output data/demo
	@$(BIN)/kansen notebooks

# One process, behind all other work: SAMPLE=60 for so many of each module, MODULES for some of them.
mutants: $(READY)
	@nice -n 15 $(BIN)/python tests/mutants.py $(if $(SAMPLE),--sample $(SAMPLE)) $(MODULES)

bench-evidence: $(READY)
	@$(BIN)/python -m bench

bench-speed: $(READY)
	@$(BIN)/kansen demo --output data/demo
	@$(BIN)/python -m bench.commands --write $(if $(DATA),--data $(DATA))

pictures: monitor
	@$(BIN)/python -m kansen_analysis.publish.pictures "$$(ls -d reports/demo-* | tail -n 1)" docs/images reports/pictures $(PUBLISHED)

LOCK := uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-emit-find-links --no-header --no-annotate
lock:
	$(LOCK) --extra build --extra dev --output-file requirements.lock
	$(LOCK) --extra build --constraints requirements.lock --output-file requirements-monitor.lock
	$(LOCK) --extra build --extra lab --constraints requirements.lock --output-file requirements-lab.lock

clean:
	rm -rf $(VENV) data/demo reports/demo-* reports/quarto

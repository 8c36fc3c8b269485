# `make audit` and `make test` set up everything that they need.

# The first that runs and is new enough: a name on the path may be a shim with nothing behind it.
PYTHON ?= $(shell for python in python3.11 python3 python; do \
  $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
VENV := .venv
RUN := $(VENV)/bin
# Errors only: setuptools warns of folders of catalogues, and of editable installs as such.
PIP := $(RUN)/python -m pip install --quiet --quiet --disable-pip-version-check
READY := $(VENV)/.ready

# Over all cores, and the ten slowest are named. PYTEST holds options of the caller's own.
SPREAD := --quiet --numprocesses auto --dist worksteal --durations 10
PYTEST :=

.PHONY: audit test simulations lint lock readme samples calibrate intervals drift pii kinds clean

# The tutorial's classifier must be rejected (1), the good one approved (0).
audit: $(READY)
	@$(RUN)/llmops-audit run examples/tutorial/audit.toml; code=$$?; \
	  echo "exit code $$code, expected 1"; echo; test $$code -eq 1
	@$(RUN)/llmops-audit run examples/breast-cancer/audit.toml; code=$$?; \
	  echo "exit code $$code, expected 0"; echo; test $$code -eq 0
	@echo "Both gates decided as they should."

# The fast part of the tests; `make simulations` is the rest, and .ci/run runs both, each test once, against the wheel.
test: $(READY)
	$(RUN)/python -m pytest $(SPREAD) -m "not slow" $(PYTEST)

# QUARTER=0 to 3 runs a quarter of them.
simulations: $(READY)
	$(RUN)/python -m pytest $(SPREAD) -m slow $(if $(QUARTER),--quarter $(QUARTER)) $(PYTEST)

lint: $(READY)
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/mypy
	$(RUN)/lint-imports

# The lock file is complete, so that nothing is resolved here; `pip check` says whether it is.
# An interrupted set-up leaves no stamp, and the next one starts anew. What is imported is compiled then, and only that.
$(READY): requirements.lock pyproject.toml
	@if ! "$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	  echo "llmops-audit: Python 3.11 or newer is needed; got '$(PYTHON)'; name one: make PYTHON=/path/to/python" >&2; \
	  exit 1; fi
	rm -f $(READY)
	$(PYTHON) -m venv --clear $(VENV)
	$(PIP) --no-compile --require-hashes --no-deps -r requirements.lock
	$(PIP) --no-deps --no-build-isolation -e .
	$(RUN)/python -m pip check
	touch $(READY)

# Pin every dependency by name, version and hash, for every platform that its release has files for.
lock: $(READY)
	$(RUN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-header --no-annotate \
	  --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options \
	  --extra dev --output-file requirements.lock pyproject.toml

# Measure what the drift check finds and what it costs: about twenty minutes on two cores.
drift: $(READY)
	$(RUN)/python -m benchmarks.drift --jobs 2 --write docs/drift.md

# Measure what the search for personal data finds and what it costs: about half an hour. RIVALS names an interpreter
# that has presidio-analyzer and spaCy, which are no dependencies; without it Presidio is left out.
pii: $(READY)
	$(RUN)/python -m benchmarks.pii $(if $(RIVALS),--rivals $(RIVALS)) --write docs/personal-data.md

# Renew the table of kinds of personal data in that page, without measuring anything.
kinds: $(READY)
	$(RUN)/python -m benchmarks.pii --kinds docs/personal-data.md

# Simulate how often the audit is wrong: some hours on two cores. It may be interrupted: what is done is kept. PART names
# parts to simulate alone (minutes each), SHARE a share of their audits. Ends with an error where a bar is surely missed.
calibrate: $(READY)
	$(RUN)/python -m benchmarks.null_calibration $(if $(PART),--part $(PART)) $(if $(SHARE),--share $(SHARE)) \
	  --jobs 2 --keep .calibration --write docs/calibration.md

# Sum and simulate how often intervals miss: half an hour.
intervals: $(READY)
	$(RUN)/python -m benchmarks.intervals --write docs/intervals.md

# The committed reports, from the examples: a minute.
samples: $(READY)
	$(RUN)/python reports/samples/make_samples.py

readme: $(READY)
	$(RUN)/python tests/test_readme.py
	$(RUN)/python tests/test_contributing.py

clean:
	rm -rf $(VENV) .calibration build dist *.egg-info .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

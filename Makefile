# `make demo` does the main job, `make test` passes the tests; every target installs what it needs.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed node_modules/installed

.PHONY: install bootstrap demo test kills matrix lint checkov bench terraform-json requirements clean

install: $(INSTALLED)

# Once for each account: what all environments in it share. AWS credentials of an administrator are needed.
bootstrap: $(INSTALLED)
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m stacks.bootstrap

demo: $(INSTALLED)
	$(BIN)/python examples/demo.py

test: $(INSTALLED)
	$(BIN)/pytest -n 2 --dist loadgroup

# 200 runs, each killed at a random moment and resumed; `make test` does a dozen.
kills: .venv/installed
	STEPWELL_KILLS=200 $(BIN)/pytest -n 2 tests/runtime/execution/test_kills.py

# Each row of the matrix of settings, deployed, changed and destroyed with real Terraform: 6 to 15 minutes a row, three at once.
# Some rows only: make matrix ROWS='defaults everything'
matrix: $(INSTALLED)
	$(BIN)/python -m tests.stacks.deploying $(ROWS)

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Every synthesized stack; checkov has an environment of its own, for it pins an older boto3.
checkov: .checkov/installed .venv/installed
	$(BIN)/python -m tests.findings .checkov/bin/checkov

# Every stack as Terraform JSON for those without Node and Python: dist/terraform/NAME/main.tf.json.
terraform-json: $(INSTALLED)
	$(BIN)/python -m stacks.export dist/terraform

# Beside Metaflow, from wheels, in an environment of its own.
bench: .bench/installed $(INSTALLED)
	.bench/bin/python benchmarks/flows.py
	.bench/bin/python benchmarks/tables.py
	.bench/bin/python benchmarks/formats.py
	.bench/bin/python benchmarks/objects.py
	.bench/bin/python benchmarks/appends.py
	$(BIN)/python benchmarks/counts.py
	$(BIN)/python benchmarks/scale.py
	$(BIN)/python benchmarks/synth.py
	$(BIN)/python benchmarks/environments.py

.venv/installed: requirements.txt requirements-examples.txt pyproject.toml
	@PYTHON=$(PYTHON) .ci/need
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip install --quiet --compile-bytecode --require-hashes --requirement requirements.txt
	$(BIN)/uv pip install --quiet --no-deps --require-hashes --requirement requirements-examples.txt
	$(BIN)/uv pip install --quiet --no-deps --editable .
	touch $@

node_modules/installed: package-lock.json
	@PYTHON=$(PYTHON) .ci/need
	npm ci --no-audit --no-fund --loglevel=error
	touch $@

.bench/installed: pyproject.toml $(shell find runtime -name '*.py')
	$(PYTHON) -m venv .bench
	.bench/bin/pip install --quiet '.[bench]'
	.bench/bin/pip install --quiet --no-deps --force-reinstall .
	touch $@

.checkov/installed: requirements-checkov.txt .venv/installed
	$(PYTHON) -m venv .checkov
	$(BIN)/uv pip install --quiet --python .checkov/bin/python --require-hashes --requirement requirements-checkov.txt
	touch $@

# Pin every package by hash, for every platform and Python that is supported.
requirements: .venv/installed
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-emit-find-links --no-header --extra infra --extra local --extra demo --extra dev pyproject.toml --output-file requirements.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-emit-find-links --no-header --constraint requirements.txt pyproject.toml --output-file requirements-runtime.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-emit-find-links --no-header --group checkov --output-file requirements-checkov.txt

clean:
	rm -rf .venv .bench .checkov node_modules .stepwell cdktf.out

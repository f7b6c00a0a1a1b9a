# The project's only verbs. Each makes .venv by itself when it is missing; CI calls only these.
.DEFAULT_GOAL := help
.PHONY: help demo test unit long coverage lint types real kind compare bench soak manifests docs facts golden lock clean

PYTHON ?= python3
BIN := .venv/bin
SMALL_TESTS := tests/unit tests/property tests/conformance tests/infra tests/test_layout.py tests/test_tidy.py
LONG_TESTS := tests/e2e tests/quality tests/docs scenarios
STAMP := .venv/.installed
# Clients that talk to loopback must not go through a proxy.
# One plan, one journal: operators may depend on the order of sets of text.
export PYTHONHASHSEED := 0
export NO_PROXY := 127.0.0.1,localhost
export no_proxy := 127.0.0.1,localhost
# Hundreds of tests start a Python of their own; none of them should compile everything anew.
export PYTHONDONTWRITEBYTECODE :=

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Everything is installed from the lock file; the two projects of this repository on top, editable.
$(STAMP): requirements-dev.lock pyproject.toml operator/pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e . -e operator
	@touch $@

demo: $(STAMP) ## break the AIService operator in a simulated cluster and watch it recover
	$(BIN)/harness run scenarios

test: unit long ## all tests; with KUBEBUILDER_ASSETS also those against the real server

# As many workers as the machine has cores, up to eight.
unit: $(STAMP) ## the short half: units, laws, conformance, the stack
	$(BIN)/pytest -q -n auto --maxprocesses 8 $(SMALL_TESTS)

# Each file has one worker: clusters that its tests share are started once.
long: $(STAMP) ## the long half: the whole product, planted bugs, documentation, scenarios
	$(BIN)/pytest -q -n 2 --dist loadfile $(LONG_TESTS)

# Takes twice as long as without, and says little of one change: CI measures, where tests are small.
coverage: $(STAMP) ## the short half, and what share of the source it reaches
	$(BIN)/pytest -q -n auto --maxprocesses 8 --cov --cov-report=term $(SMALL_TESTS)

lint: $(STAMP) ## style, banned calls, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(STAMP) ## mypy, strict, on source and tests
	$(BIN)/mypy

real: $(STAMP) ## scenarios on a real kube-apiserver and etcd (KUBEBUILDER_ASSETS), compared with sim
	.ci/lanes/control-plane

kind: $(STAMP) ## scenarios on a real kind cluster with the Pulumi stack (Docker), compared with sim
	.ci/lanes/kind

CLUSTER ?= kind
compare: $(STAMP) ## the same for CLUSTER=kind or control-plane, written into README and docs
	.ci/lanes/$(CLUSTER) --write

bench: $(STAMP) ## measure the speed table and write it into README and docs
	$(BIN)/python scripts/bench.py --write

soak: $(STAMP) ## the long runs: 200 seeds of the operator, all determinism checks
	$(BIN)/pytest -q -n 2 -m soak --no-cov --timeout 14400 -o addopts="--import-mode=importlib --strict-markers --strict-config"

manifests: $(STAMP) ## render the Pulumi stack into operator/manifests
	$(BIN)/python scripts/render_manifests.py

docs: $(STAMP) ## regenerate the generated pages: catalogue of scenarios, reference, JSON Schema
	$(BIN)/python scripts/generate_docs.py

facts: $(STAMP) ## derive schemas and defaults from the real API server in KUBEBUILDER_ASSETS
	$(BIN)/python scripts/with_api_server.py scripts/derive_facts.py

golden: $(STAMP) ## record the real API server's answers again, from KUBEBUILDER_ASSETS
	$(BIN)/pytest -q tests/conformance --update-golden
	$(BIN)/python scripts/with_api_server.py scripts/record_answers.py $(wildcard tests/unit/kinds/golden/*.json tests/unit/crd/golden/*.json)
	$(BIN)/python scripts/with_api_server.py scripts/record_cel_answers.py
	$(BIN)/python scripts/with_api_server.py scripts/record_cel_costs.py

lock: ## resolve the development environment again
	$(PYTHON) -m venv .venv && $(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile -q --upgrade pyproject.toml operator/pyproject.toml --extra dev --extra kopf \
	  --no-emit-index-url --no-annotate --no-header -o requirements-dev.lock

clean: ## remove what the verbs made
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .harness .coverage*

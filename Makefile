# Every job has one verb, the same in a terminal and in CI. `make help` lists them.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# Targets named together follow each other, and all of them write .venv, also with -j.
.NOTPARALLEL:
PYTHON := .venv/bin/python

.PHONY: help setup serve train evaluate robustness count test check check-seeds
.PHONY: bench image clean
.PHONY: check-image check-wheels licences sbom
.PHONY: training-environment dev-environment

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

setup: dev-environment ## Create .venv with all that serving, training and testing need

serve: training-environment ## Serve on http://127.0.0.1:8000, training first if seeds changed
	@$(PYTHON) -m training build --if-needed
	@$(PYTHON) -m gunicorn --config service/gunicorn_conf.py service.wsgi:application

train: training-environment ## Train, and go live unless worse; in any case: PROMOTE=anyway
	@$(PYTHON) -m training build $(if $(PROMOTE),"--promote-$(PROMOTE)")

evaluate: training-environment ## Score held-out seeds, or graded articles: GOLD=path.jsonl
	@$(PYTHON) -m benchmarks.evaluate $(if $(GOLD),--gold "$(GOLD)")

robustness: training-environment ## Retype seeds, or articles, and count what moves: GOLD=path.jsonl
	@$(PYTHON) -m training robustness $(if $(GOLD),--articles "$(GOLD)")

count: training-environment ## Make counted seeds: FROM=graded.jsonl TO=seeds/counted/x.jsonl
	$(if $(and $(FROM),$(TO)),,$(error make count needs FROM=graded.jsonl TO=seeds/counted/x.jsonl))
	@$(PYTHON) -m training count "$(FROM)" "$(TO)"

test: dev-environment ## Run the tests, but four kinds that CONTRIBUTING.md names; measure coverage
	@$(PYTHON) -m training build --if-needed
	@$(PYTHON) -m pytest --cov --numprocesses auto --dist worksteal

check: dev-environment ## Check format, lint, types and import directions
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m mypy
	@.venv/bin/lint-imports

check-seeds: training-environment ## Check every seed; count them by topic and spelling form
	@$(PYTHON) -m training check-seeds

bench: training-environment .venv-bench/.holds-bench ## Measure speed beside peers: ARTICLES=path.jsonl.gz
	@$(PYTHON) -m training build --if-needed
	@.venv-bench/bin/python -m benchmarks $(if $(ARTICLES),--articles "$(ARTICLES)") $(PARTS)

# The peers stay out of .venv: what is tested and trained with does not know them.
.venv-bench/.holds-bench: requirements/build.txt requirements/bench.txt | training-environment
	@echo "Creating .venv-bench, with the peers of requirements/bench.txt"
	@$(PYTHON) -m venv --clear .venv-bench
	@.venv-bench/bin/python -m pip --disable-pip-version-check install --quiet \
		--require-hashes -r requirements/build.txt
	@.venv-bench/bin/python -m pip --disable-pip-version-check install --quiet \
		--require-hashes --no-build-isolation -r requirements/bench.txt
	@.venv-bench/bin/python -m pip check
	@touch $@

image: ## Build the container image barchasb with docker, podman or buildah
	@deploy/image.sh build $(FLAGS)

check-image: image ## Build the image again, without a cache, and compare the layers
	@deploy/image.sh again barchasb $(FLAGS)

check-wheels: dev-environment ## Check that each lock has wheels for x86-64 and arm64
	@requirements/check-wheels.sh

licences: dev-environment ## Write docs/licences.md, and check that all are allowed
	@$(PYTHON) -m requirements.licences

# It misses our own list of dependencies, which is runtime.in and not pyproject.toml.
sbom: dev-environment .venv-runtime/.holds-runtime ## List what the image runs on, in CycloneDX
	@mkdir -p build
	@SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct 2>/dev/null) \
		$(PYTHON) -W "ignore:The Component this BOM" -m cyclonedx_py environment \
		--output-reproducible --pyproject pyproject.toml \
		--output-file build/barchasb.cdx.json .venv-runtime/bin/python
	@echo "Wrote build/barchasb.cdx.json"

# The packages of the image, and no pip: as it is in the image.
.venv-runtime/.holds-runtime: requirements/runtime.txt | dev-environment
	@echo "Creating .venv-runtime, with the packages of requirements/runtime.txt"
	@$(PYTHON) -m venv --clear --without-pip .venv-runtime
	@$(PYTHON) -m pip --disable-pip-version-check --python .venv-runtime/bin/python \
		install --quiet --require-hashes -r requirements/runtime.txt
	@$(PYTHON) -m pip --python .venv-runtime/bin/python check
	@touch $@

clean: ## Remove environments and caches; models/ stays
	rm -rf .venv .venv-bench .venv-runtime .coverage* .hypothesis .import_linter_cache .mypy_cache \
		.pytest_cache .ruff_cache *.egg-info build htmlcov
	find benchmarks requirements service tests training -name __pycache__ -type d -prune \
		-exec rm -rf {} + 2>/dev/null || true

training-environment:
	@requirements/install.sh training

dev-environment:
	@requirements/install.sh dev

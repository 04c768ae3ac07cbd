# Footnote: `make run` starts it, `make test` checks it. Each installs what it needs first.
PYTHON ?= python3
PORT ?= 7860
BIN := .venv/bin
PIP := $(BIN)/python scripts/install.py -c constraints.txt
WHEELS := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/footnote/pip
AS_ROOT := $(if $(filter 0,$(shell id -u)),,sudo)
APT := $(AS_ROOT) apt-get install --yes --quiet --no-install-recommends

# Two workers, and a test file stays with one of them: its fixtures are made once. Files keep their
# order: by the number of their tests, the few long ones of tests/crash would come last, alone.
PYTEST := $(BIN)/pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder --durations 10
# What failed beside other tests is run again alone: a fault of the product fails twice.
AGAIN := $(BIN)/pytest --last-failed --last-failed-no-failures none

.PHONY: run run-llm port setup setup-llm debian compiler test test-all test-sample test-rest test-unit \
	test-llm lint screenshot fonts house clean crash crash-soak crash-damage history load gate \
	gate-reading gate-update

# The port is looked at before minutes are spent on packages: make run PORT=8000
run: port .venv/installed
	@exec $(BIN)/footnote serve seeds --port $(PORT)

# The same page with a small LLM on this machine; its first build takes about eight minutes.
run-llm: port setup-llm
	@exec $(BIN)/footnote serve seeds --port $(PORT) --local-llm

port:
	@$(PYTHON) scripts/install.py --port $(PORT)

setup: .venv/installed debian compiler

setup-llm: .venv/installed-llm

# What runs on each change: lint, types, every test, and of its cases a sample.
test: setup
	@$(MAKE) --no-print-directory --jobs 2 lint test-sample

# All that there is, a small LLM's tests and the gate as well.
test-all: test test-rest gate test-llm

test-sample: .venv/installed
	$(PYTEST) -m "not llm and not full" || $(AGAIN) -m "not llm and not full"

test-rest: .venv/installed
	$(PYTEST) -m "full and not llm" || $(AGAIN) -m "full and not llm"

test-unit: .venv/installed
	$(BIN)/pytest -m "unit and not slow"

test-llm: setup setup-llm
	$(BIN)/pytest -m llm || $(AGAIN) -m llm

# Kills and full disks at points all over a sync, kills at random moments, damaged files.
crash: .venv/installed compiler
	$(BIN)/python -m tests.crash.points --kills 320 --full 110 --recovery 66

crash-soak: .venv/installed compiler
	$(BIN)/python -m tests.crash.soak --cycles 200

crash-damage: .venv/installed compiler
	$(BIN)/python -m tests.crash.damage

# Slow, idle and greedy clients of a server, and what its other clients notice meanwhile.
.PHONY: attacks
attacks: .venv/installed
	$(BIN)/python -m tests.crash.attacks

# Long runs: kills, many files, few descriptors, two servers, a read-only disk, clock jumps.
.PHONY: long
long: .venv/installed compiler
	$(BIN)/python -m tests.crash.long

# Two tabs, reloads, files of names that are taken, killed browsers: what was lost.
.PHONY: rounds
rounds: setup
	$(BIN)/python -m tests.browser.rounds

# Files made to break readers or to cost much, beside good ones: what became of each.
.PHONY: hostile
hostile: .venv/installed
	$(BIN)/python -m tests.hostile.index_all

# Edits of a folder at random, and after each a sync that must leave what one from scratch would.
history: .venv/installed
	$(BIN)/python tests/crash/history.py 500

# An index that is published at an S3 server of this machine (moto's), and those who follow it.
.PHONY: s3
s3: .venv/installed
	$(BIN)/pytest tests/index/replicas

# Vectors in a Chroma server (`chroma run`), which is killed in the middle of syncs and questions.
.PHONY: chroma-server
chroma-server: .venv/installed
	$(BIN)/pytest tests/index/engines/test_chroma_server.py

# What servers share in a PostgreSQL and a Redis, of Debian's packages.
.PHONY: shared
shared: .venv/installed
	@(test -d /usr/lib/postgresql && command -v redis-server >/dev/null) || ($(AS_ROOT) apt-get update --quiet && $(APT) postgresql redis-server)
	$(BIN)/pytest tests/ui/service/shared

# A folder that a Ray cluster of two workers reads and embeds, which are killed meanwhile. Ray is
# kept in a folder of its own, which only these tests see.
RAY := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/footnote/ray
.PHONY: ray
ray: .venv/installed $(RAY)/installed
	PYTHONPATH=$(RAY):$(CURDIR) $(BIN)/pytest tests/index/sync/test_ray_workers.py

$(RAY)/installed: constraints.txt
	rm -rf $(RAY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --target $(RAY) --no-deps \
		-c constraints.txt ray msgpack
	@touch $@

# A server over 10,000 passages: many clients, too many, and 10,000 questions.
load: .venv/installed
	$(BIN)/python -m eval.bench.load 10000 10000

# A real model through Footnote and through stock llama-index, on facts, people's questions and long
# ones. It is fetched into a cache (1.1 GB); on two cores this takes hours, and goes on if stopped.
BENCH_LLM := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/footnote/bench-llm
PEOPLE := ../shared/data/people/harbor
.PHONY: bench-llm
bench-llm: .venv/installed-llm
	nice -n 15 $(BIN)/python -m eval.bench.llm $(BENCH_LLM) --folder $(PEOPLE) --xquad $(XQUAD) $(ARGS)

# Stops what made the answers worse; XQuAD is not part of the repository, so it counts where it is.
XQUAD := ../shared/data/xquad/xquad.en.json
GATE := $(BIN)/footnote eval gate
PEOPLE := bakery camping clinic clubhouse council faculty helpdesk software
gate: .venv/installed gate-reading
	$(GATE) eval/gold/seeds.jsonl --corpus seeds --baseline eval/gold/seeds.baseline.json $(UPDATE)
	for set in $(PEOPLE); do $(GATE) eval/gold/$$set/questions.jsonl \
		--corpus eval/gold/$$set/documents --baseline eval/gold/$$set/baseline.json $(UPDATE) \
		|| exit 1; done
	test ! -e $(XQUAD) || $(GATE) $(XQUAD) --baseline eval/gold/xquad.en.baseline.json $(UPDATE)

# The readers, on files made for them with what should be read in each.
gate-reading: .venv/installed
	made=$$(mktemp -d) && $(BIN)/python -m tests.reading.inputs $$made && $(BIN)/footnote eval \
		reading $$made --baseline eval/gold/reading.baseline.json $(UPDATE); code=$$?; \
		rm -r $$made; exit $$code

# Accepts what the questions score now.
gate-update: UPDATE := --update
gate-update: gate

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

# The picture in docs/architecture.md, from the real imports.
house: .venv/installed
	$(BIN)/python -m tests.helpers.house docs/architecture.svg

screenshot: setup
	$(BIN)/python tests/helpers/screenshot.py chat docs/screenshot.png
	$(BIN)/python tests/helpers/screenshot.py report docs/report.png

# What the image installs: its lock anew, a bill of materials (CycloneDX), and known faults in it.
.PHONY: lock sbom audit
lock: .venv/installed
	$(BIN)/python -m scripts.lock

sbom: .tools/installed
	.tools/bin/cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible \
		--output-file footnote.cdx.json requirements.lock

audit: .tools/installed
	@$(PYTHON) -m scripts.audit

# These have an environment of their own, since what they need is no part of Footnote.
.tools/installed: scripts/tools.txt
	$(PYTHON) -m venv .tools
	.tools/bin/python -m pip install --quiet --disable-pip-version-check -r scripts/tools.txt
	@touch $@

# The font subsets in ui/assets, which are committed.
fonts: .venv/installed
	$(BIN)/python scripts/build_fonts.py

.venv/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Footnote needs Python 3.11 or newer; run: make PYTHON=/path/to/python3.11")'
	@echo "Making .venv with $$($(PYTHON) --version)."
	@$(PYTHON) -m venv .venv
	@$(PIP) --editable '.[dev,bench,ocr]'
	@touch $@

.venv/installed-llm: .venv/installed
	command -v c++ >/dev/null || ($(AS_ROOT) apt-get update --quiet && $(APT) build-essential)
	# Not for this very CPU: some virtual machines name AMX and fault when it is used. pip keeps what
	# it builds whatever the options, so this build has a cache of its own.
	CMAKE_ARGS=-DGGML_NATIVE=OFF $(PIP) --cache-dir $(WHEELS) --editable '.[dev,bench,ocr,local]'
	@touch $@

# The browser tests drive Debian's Chromium, which brings what the reader of pictures wants as well,
# and the README's HTTP calls are made with curl.
debian:
	@(test -x /usr/bin/chromium -a -x /usr/bin/curl && /sbin/ldconfig -p | grep -q libGL.so.1) \
	|| ($(AS_ROOT) apt-get update --quiet && $(APT) chromium curl libgl1 libglib2.0-0)

compiler:
	@command -v cc >/dev/null || ($(AS_ROOT) apt-get update --quiet && $(APT) build-essential)

clean:
	rm -rf .venv .tools .footnote *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

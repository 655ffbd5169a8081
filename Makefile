# make run     runs the example job on this machine
# make check   lint, types and the unit tests, in two minutes: after each change
# make test    all tests but the proofs: before each push
# make prove   the proofs, which take long or install 2 GB of other programs: each permission taken away, the state
#              machines in a second interpreter, AWS's own clients and containers, checkov
# make synth   the templates, checked; ENVIRONMENT=dev makes those of dev
# make lock    pins the dependencies that pyproject.toml names, in dependencies.lock
# make wheels  what a release consists of, in build/dist
# make bench   the engine's speed beside other ways to do the same
# make pictures  the pictures of the README and docs/, from the code; RECORD=1 records `make run` again, too
# make newest-emulator  tries the newest release of the emulator, and says what it breaks in the local AWS
# make clean   removes what the others made, apart from the environment
# Each makes or updates its own environment, .venv, first.

PYTHON ?= $(shell for p in python3.14 python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
DEPENDENCIES := $(BIN)/python tools/dependencies.py

# Node and the tools of the environment come first, for `cdk` and for the CDK's own kernel. The make that macOS ships, 3.81,
# looks for a command on this PATH only when it starts a shell, which it does for each once SHELL is not its default.
SHELL := sh
export PATH := $(CURDIR)/$(BIN):$(CURDIR)/node_modules/.bin:$(PATH)

# A test run starts hundreds of Pythons: without bytecode each would compile the checkout, and pytest all tests.
unexport PYTHONDONTWRITEBYTECODE

# Runs a command while no other of these runs here: two `make run` at once would install into one environment together.
# The lock goes with the command, however that ends.
ALONE := $(or $(PYTHON),python3) -c 'import fcntl, os, sys; os.makedirs("build", exist_ok=True); \
	lock = os.open("build/.make.lock", os.O_CREAT | os.O_RDWR); fcntl.flock(lock, fcntl.LOCK_EX); \
	os.set_inheritable(lock, True); os.execvp(sys.argv[1], sys.argv[1:])'

.PHONY: run check test prove lint types types-on-macos units tests proofs clients wheelhouse ready model synth wheels lock \
	bench pictures newest-emulator clean

run: model
	@batch-transform run tumours --input build/data/tumours.csv --truth build/data/tumours-truth.csv

# mypy has one of the cores at first: after a clone it takes a minute.
check: lint
	@$(MAKE) --no-print-directory --jobs 2 types units

test: lint model
	@$(MAKE) --no-print-directory --jobs 2 types tests

prove: ready model
	@$(DEPENDENCIES) install --group frameworks
	@$(MAKE) --no-print-directory --jobs 2 clients wheelhouse
	@$(MAKE) --no-print-directory --jobs 2 types-on-macos proofs

# The tests of a file go to one worker, in its order: they share what they deployed.
PYTEST := pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

units: ready
	$(PYTEST) --tier unit

tests: ready
	$(PYTEST) --tier unit --tier story

proofs: ready
	$(PYTEST) --tier proof

clients: ready
	@tests/local/clients/install

wheelhouse: ready
	@tests/package/prepare

lint: ready
	ruff check .
	ruff format --check .
	lint-imports --no-cache --no-logo

types: ready
	mypy

# What differs between platforms is in batch_transform alone, and the CDK's types take most of the time of the rest.
types-on-macos: ready
	mypy --platform darwin --cache-dir .mypy_cache/darwin batch_transform

ready:
	@$(ALONE) $(MAKE) --silent --no-print-directory $(VENV)/.test node_modules/.package-lock.json

model:
	@$(ALONE) $(MAKE) --silent --no-print-directory build/tumours/parameters.json

# The templates, as `cdk deploy` would ship them, with all checks: cdk-nag in the synthesis, and the CDK's template
# rules after it, by themselves, which takes a tenth of the time. ENVIRONMENT=dev makes those of dev.
synth: node_modules/.package-lock.json model
	@CDK_VALIDATION=false cdk synth --quiet $(if $(ENVIRONMENT),-c environment=$(ENVIRONMENT))
	@$(BIN)/python -m batch_transform.runs.template_check cdk.out

# What a release consists of, in build/dist: the sdist, and out of it the pure wheel and this machine's compiled one.
# What setuptools left in the checkout goes first: it would add files that are gone. Needs a C compiler.
wheels: $(VENV)/.test
	@rm -rf build/dist batch_transform.egg-info
	@BATCH_TRANSFORM_PURE=1 uv build --quiet --out-dir build/dist
	@BATCH_TRANSFORM_PURE=0 uv build --quiet --wheel --out-dir build/dist build/dist/batch_transform-*.tar.gz
	@ls build/dist

# Speed beside SageMaker SDK local mode and a bare client; BENCH="sdk bare" measures these points alone.
bench: $(VENV)/.test
	@$(DEPENDENCIES) environment sagemaker-sdk sagemaker-sdk-3
	@$(BIN)/python -m benchmarks $(BENCH) --work build/bench --sdk build/sagemaker-sdk --sdk build/sagemaker-sdk-3

# After a change of the dependencies in pyproject.toml; UPGRADE=1 takes the newest of all that they allow.
lock: $(VENV)/.test
	@$(DEPENDENCIES) lock $(if $(UPGRADE),--upgrade)

# A test says when a picture is stale.
pictures: $(VENV)/.run
	@$(BIN)/python -m tools.pictures $(if $(RECORD),recording)

# Exit code 1 when a hook is broken: batch_transform/local/emulator/patches/README.md.
newest-emulator: $(VENV)/.run
	@$(BIN)/python tools/newest_emulator.py

clean:
	rm -rf build cdk.out out

build/tumours/parameters.json: $(VENV)/.run models/tumours/train.py models/tumours/code/inference.py
	@echo "training the example model"
	@$(BIN)/python models/tumours/train.py build

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "this project needs Python 3.11 to 3.14 on the PATH; or name one: make PYTHON=/path/to/python3.11" >&2; exit 2; }
	@echo "making the environment in $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 2; }

$(VENV)/.run: $(BIN)/python dependencies.lock pyproject.toml setup.py $(wildcard batch_transform/engine/c/*)
	@echo "installing the pinned packages (about 240 MB to download, once)"
	@$(DEPENDENCIES) install --extra cdk --extra local --group examples
	@touch $@

$(VENV)/.test: $(VENV)/.run
	@echo "installing the test tools"
	@$(DEPENDENCIES) install --extra compare --group test --group lint
	@touch $@

node_modules/.package-lock.json: $(VENV)/.run package.json package-lock.json
	@echo "installing the CDK command line"
	@npm ci --loglevel error --no-fund --no-audit >/dev/null
	@touch $@

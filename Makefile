# One target for each thing people do. `make help` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

VENV := .venv
PYTHON := $(VENV)/bin/python
BUILD_PACKAGES := python3-venv python3-dev gcc libc6-dev portaudio19-dev libasound2-plugins
PDF_PACKAGES := libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0
MUSIC_PACKAGES := rubberband-cli libebur128-1
TEST_PACKAGES := pulseaudio pulseaudio-utils ngspice $(MUSIC_PACKAGES) curl jq unzip
BOARD_PACKAGES := gcc-avr avr-libc binutils-avr avrdude libsimavr-dev libelf-dev cppcheck gcovr
BENCH_PACKAGES := stress-ng
SERVICE_PACKAGES := systemd-container
BROWSER_PACKAGES := chromium fonts-dejavu-core fonts-liberation
PI_PACKAGES := qemu-system-arm device-tree-compiler cpio kmod e2fsprogs
# These need the chip's compiler, emulators or a browser, and have targets of their own.
BESIDE_BOARD := --ignore tests/sensor_board --ignore tests/emulated_board --ignore tests/emulated_pi
BESIDE_BROWSER := --ignore tests/browser
OUT ?= sessions

# Tests by their mark: side by side first, then, one by one, those that keep real time.
define on_all_cores
	$(PYTHON) -m pytest -n logical --dist loadfile -m "$(1) and not alone" $(2); \
	$(PYTHON) -m pytest -m "$(1) and alone" $(2)
endef

comma := ,

# Installs Debian packages that are missing, or names them in one sentence.
define apt_install
	missing=""; \
	for package in $(1); do \
	  dpkg-query -W -f '$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$package"; \
	done; \
	if [ -n "$$missing" ]; then \
	  if [ "$$(id -u)" = 0 ]; then as_root=""; \
	  elif command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then as_root="sudo"; \
	  else as_root="none"; fi; \
	  if [ "$$as_root" = none ] || ! command -v apt-get >/dev/null; then \
	    echo "These Debian packages are missing and cannot be installed without root:$$missing. Ask an administrator to install them; what can go on without them does." >&2; \
	  else \
	    echo "Installing Debian packages:$$missing"; \
	    $$as_root apt-get update -qq; \
	    $$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	  fi; \
	fi
endef

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

$(VENV)/.made:
	@$(call apt_install,$(BUILD_PACKAGES) $(PDF_PACKAGES))
	@[ -x $(PYTHON) ] || python3 -m venv $(VENV) || { rm -rf $(VENV); echo "Python 3.11 or newer with its venv module is needed; install python3-venv." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; this is " + sys.version.split()[0] + "." if sys.version_info < (3, 11) else 0)'
	@touch $@

# Without a compiler or PortAudio's headers there is no sound and no light; the rest still works.
define pip_install
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --editable ".[pi,$(1)]" || { \
	  echo "The libraries for sound, LED and ring could not be installed (the reason stands above); everything else goes on without them." >&2; \
	  $(PYTHON) -m pip install --quiet --disable-pip-version-check --editable ".[$(1)]"; }
endef

$(VENV)/.run: setup.cfg pyproject.toml | $(VENV)/.made
	@echo "Installing Andante into $(VENV) (a minute or two the first time)"
	@$(call pip_install,host)
	@touch $@

$(VENV)/.page: setup.cfg pyproject.toml | $(VENV)/.run
	@echo "Installing the therapist's page into $(VENV)"
	@$(call pip_install,host$(comma)console)
	@touch $@

$(VENV)/.dev: setup.cfg pyproject.toml | $(VENV)/.made
	@$(call apt_install,$(TEST_PACKAGES))
	@echo "Installing Andante and its test tools into $(VENV) (a minute or two the first time)"
	@$(call pip_install,host$(comma)console$(comma)dev)
	@touch $@ $(VENV)/.run $(VENV)/.page

.PHONY: setup
setup: $(VENV)/.run ## Install what running needs

.PHONY: demo
demo: $(VENV)/.run ## A one-minute walk with a simulated patient, and its report
	@$(VENV)/bin/andante demo --out $(OUT)

.PHONY: page
page: $(VENV)/.page ## The therapist's page on this computer, with simulated patients (Ctrl-C ends it)
	@mkdir -p "$(OUT)" build/page
	@trap 'kill $$engine' EXIT; \
	  $(VENV)/bin/andante serve --socket build/page/engine.sock --out "$(OUT)" & engine=$$!; \
	  $(VENV)/bin/andante-host console --try-out --no-device-check --origin https://localhost:8443 --state build/page/state \
	    --sessions "$(OUT)" --socket build/page/engine.sock || true

.PHONY: test
test: $(VENV)/.dev check ## Install what tests need; style, types, architecture and the tests (some seven minutes)
	@$(call on_all_cores,not long,$(BESIDE_BOARD) $(BESIDE_BROWSER))

.PHONY: test-long
test-long: $(VENV)/.dev ## The suites that take minutes of real time
	@$(call apt_install,$(BROWSER_PACKAGES) $(SERVICE_PACKAGES))
	@$(call on_all_cores,long,$(BESIDE_BOARD))

.PHONY: validation
validation: $(VENV)/.dev ## Measure every figure of docs/validation.md anew
	@$(PYTHON) tests/validation/table.py

.PHONY: plan-figures
plan-figures: $(VENV)/.dev ## Run every example plan with simulated patients and write docs/plans/README.md anew
	@$(PYTHON) tests/validation/plan_figures.py

.PHONY: check
check: $(VENV)/.dev ## Style, types and the direction of imports
	@$(VENV)/bin/ruff check --quiet .
	@$(VENV)/bin/ruff format --check --quiet .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports --no-logo 2>/dev/null || $(VENV)/bin/lint-imports

.PHONY: format
format: $(VENV)/.dev ## Put the code into the project's style
	@$(VENV)/bin/ruff check --fix --quiet .
	@$(VENV)/bin/ruff format .

.PHONY: firmware
firmware: $(VENV)/.made ## Build the sensor board's firmware
	@$(call apt_install,$(BOARD_PACKAGES))
	@$(MAKE) --no-print-directory -C firmware/sensor_board

.PHONY: test-board
test-board: $(VENV)/.dev firmware ## The firmware's own tests, and the firmware on an emulated chip
	@$(PYTHON) -m pytest -n logical --dist worksteal tests/sensor_board tests/emulated_board

.PHONY: test-pi
test-pi: $(VENV)/.dev firmware ## The whole trainer on an emulated Raspberry Pi
	@$(call apt_install,$(PI_PACKAGES))
	@PYTHONPATH=tests $(PYTHON) -m emulated_pi build
	@$(PYTHON) -m pytest tests/emulated_pi

.PHONY: test-browser
test-browser: $(VENV)/.dev ## The therapist's page in a browser, with the real engine behind it
	@$(call apt_install,$(BROWSER_PACKAGES))
	@$(call on_all_cores,not long,tests/browser)

.PHONY: emulated-board
emulated-board: $(VENV)/.run firmware ## Play FORCE=FILE.csv through the firmware on an emulated chip; OUT=SESSION.andante
	$(if $(FORCE),,$(error Name a force file, as in: make emulated-board FORCE=walk.csv OUT=walk.andante))
	@PYTHONPATH=tests $(PYTHON) -m emulated_board play "$(FORCE)" --out "$(if $(filter file,$(origin OUT)),sessions/emulated-board.andante,$(OUT))"

DAC ?= hifiberry-dac
MODEL ?= auto
PI_INSTALLER := python3 -B -m hardware.raspberry_pi
INTO = $(if $(DESTDIR),--root "$(DESTDIR)")

.PHONY: install
install: ## On a Raspberry Pi, with sudo: put the trainer into the system (DAC=, MODEL=, DESTDIR=)
	@$(if $(DESTDIR),:,$(call apt_install,$(BUILD_PACKAGES) $(PDF_PACKAGES) $(MUSIC_PACKAGES)))
	@$(PI_INSTALLER) install $(INTO) --model $(MODEL) --dac $(DAC)

.PHONY: uninstall
uninstall: ## Take it out again; sessions stay
	@$(PI_INSTALLER) uninstall $(INTO)

.PHONY: bench
bench: $(VENV)/.dev ## Measure timing beside other ways to do it (some 45 minutes; leave the computer alone)
	@$(call apt_install,$(BENCH_PACKAGES))
	-@PYTHONPATH=tests $(PYTHON) -m benchmarks run
	@PYTHONPATH=tests $(PYTHON) -m benchmarks report

.PHONY: bench-quick
bench-quick: $(VENV)/.dev ## The same in four minutes, too short to judge by
	@$(call apt_install,$(BENCH_PACKAGES))
	@PYTHONPATH=tests $(PYTHON) -m benchmarks run --quick

.PHONY: schematics
schematics: $(VENV)/.dev ## Draw the circuits, their pictures and the bill of materials anew
	@$(call apt_install,librsvg2-bin)
	@$(PYTHON) -m schematics
	@$(PYTHON) -m hardware

.PHONY: clean
clean: ## Remove the virtual environment and caches; sessions stay
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

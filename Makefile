VENV   := .venv
PYTHON := $(VENV)/bin/python
READY  := $(VENV)/.ready

# A name on the PATH may be a shim that leads nowhere, and Debian's python3 may lack venv.
define FIND_PYTHON
found=; \
for name in python3.12 python3.11; do \
    if "$$name" -c 'import ensurepip, venv' >/dev/null 2>&1; then found=$$name; break; fi; \
done; \
if [ -z "$$found" ]; then \
    echo "make needs python3.12 or python3.11 with venv on the PATH (Debian: apt install python3.11-venv)." >&2; \
    exit 1; \
fi
endef

.PHONY: help demo test test-slow lint format sanitize setup clean

help:
	@echo "make demo       train two small networks, with ADL and without, write runs/demo/report.html (ARGS=... is passed on)"
	@echo "make test       ruff, then the fast tests"
	@echo "make test-slow  the tests that need minutes or large models"
	@echo "make lint       ruff check and ruff format --check"
	@echo "make format     ruff format and ruff check --fix"
	@echo "make sanitize   the compiled operations under the address and undefined-behaviour sanitizers"
	@echo "make setup      only the virtual environment in $(VENV)"
	@echo "make clean      remove $(VENV), caches and build results (runs/ stays)"

demo: $(READY)
	@$(PYTHON) scripts/demo.py $(ARGS)

test: lint
	@$(PYTHON) -m pytest $(ARGS)

test-slow: $(READY)
	@$(PYTHON) -c 'import keras_hub' >/dev/null 2>&1 || sh scripts/set_up.sh $(PYTHON) keras-hub
	@$(PYTHON) -m pytest -m slow $(ARGS)

lint: $(READY)
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check .

format: $(READY)
	@$(PYTHON) -m ruff format .
	@$(PYTHON) -m ruff check --fix .

# The kernels stand in headers without TensorFlow, which is not built for the sanitizers. GCC 12
# takes the vector headers of its own for uninitialised.
sanitize:
	@mkdir -p build
	@set -e; for job in box_sweep top_down_gating top_down_gating:32 top_down_gating:16 device_pass; do \
	    check=$${job%:*}; more=; \
	    [ $$job = $$check ] || more=-DTFWSOL_VECTOR_BYTES=$${job#*:}; \
	    [ $$check != device_pass ] || more="-x c++ custom_ops/top_down_gating/device_library.cu"; \
	    $(CXX) -std=c++17 -O1 -g -Wall -Wextra -Wno-maybe-uninitialized -Wno-uninitialized -D_GLIBCXX_ASSERTIONS -ffp-contract=off \
	        -fsanitize=address,undefined -fno-sanitize-recover=all \
	        -I. tests/custom_ops/$${check}_check.cc $$more -o build/$${check}_check; \
	    build/$${check}_check; \
	done

setup: $(READY)

$(READY): pyproject.toml setup.py scripts/set_up.sh $(wildcard custom_ops/*.py custom_ops/*/*.cc custom_ops/*/*.cu custom_ops/*/*.h)
	@if ! $(PYTHON) -c '' >/dev/null 2>&1; then \
	    $(FIND_PYTHON); \
	    echo "Making $(VENV) with $$($$found --version)."; \
	    $$found -m venv --clear $(VENV); \
	fi
	@sh scripts/set_up.sh $(PYTHON)
	@touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .ruff_cache .hypothesis
	rm -f tfwsol/ops/_*.so tfwsol/ops/_*.json
	find . -name __pycache__ -prune -exec rm -rf {} +

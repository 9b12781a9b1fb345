# make run    the whole site on http://127.0.0.1:8000 (another port: PORT=8001 make run)
# make test   every check and every test; sets up what they need
# The others: lint format types messages lock shots handbook mutants clean

PYTHON ?= python3
VENV_PYTHON := .venv/bin/python
BOOTSTRAP = @command -v $(PYTHON) >/dev/null 2>&1 || \
	{ echo "error: $(PYTHON) is missing. On Debian: apt-get install python3 python3-venv" >&2; exit 1; }; \
	$(PYTHON) deploy/bootstrap.py
TOOLS = bash tests/tools.sh

# The reader of a clone may have told Python or Django otherwise; the checks have one answer.
unexport DJANGO_SETTINGS_MODULE PYTHONWARNINGS PYTHONPATH

.PHONY: run test venv lint format types messages lock shots handbook mutants clean
.DEFAULT_GOAL := run

run:
	$(BOOTSTRAP) run

venv:
	$(BOOTSTRAP) venv dev

test: venv
	@$(TOOLS) chromium libatomic1 gettext postgresql
	@$(VENV_PYTHON) tests/run.py

lint: venv
	@$(VENV_PYTHON) tests/run.py lint

types: venv
	@$(VENV_PYTHON) tests/run.py types

format: venv
	$(VENV_PYTHON) -m ruff check --fix .
	$(VENV_PYTHON) -m ruff format .

# --ignore takes names and paths from the project's root, the environment among them.
messages: venv
	@$(TOOLS) gettext
	$(VENV_PYTHON) manage.py makemessages -l he --no-location --no-obsolete \
		--ignore .venv --ignore var --ignore tests
	$(VENV_PYTHON) manage.py compilemessages -l he --ignore .venv

PIP_COMPILE = $(VENV_PYTHON) -m piptools compile --quiet --generate-hashes --strip-extras \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options --no-header

# Run it on the oldest Python that the portal supports. UPGRADE=--upgrade takes newer ones.
lock: venv
	$(PIP_COMPILE) $(UPGRADE) --output-file requirements.lock pyproject.toml
	$(PIP_COMPILE) $(UPGRADE) --extra dev --allow-unsafe --constraint requirements.lock \
		--output-file requirements-dev.lock pyproject.toml

# WHO=visitor (or coordinator, administrator) takes only that part.
shots: venv
	@$(TOOLS) chromium libatomic1
	$(VENV_PYTHON) -m tests.browser.shots $(WHO)

# The pictures of the handbook, after the pages that they show have changed.
handbook: venv
	@$(TOOLS) chromium libatomic1
	$(VENV_PYTHON) -m tests.browser.handbook_shots

# Breaks each guard of the permissions in turn, in a copy: the matrix must turn red every time.
# WORDS="policy desk" takes only the breakages of files or tests with one of these words.
mutants: venv
	$(VENV_PYTHON) -m tests.matrix.mutants $(WORDS)

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage htmlcov
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

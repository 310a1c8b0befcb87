# What a developer runs; `make` alone lists it. Wants an environment with `pip install -e '.[test]'`.
.PHONY: help check lint unit test faults coverage format docs diagrams benchmarks benchmarks-peers benchmarks-all-peers flame

help:      ## this list
	@grep -E '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

check: lint test ## what has to hold before a commit; .ci/run does more

lint:      ## style, types and import floors
	ruff check .
	ruff format --check .
	mypy
	lint-imports

unit:      ## the tests that need no server, in seconds
	pytest -q -m "not slow" tests/otp tests/wire tests/architecture/test_source_rules.py

test:      ## all tests
	pytest -n auto

faults:    ## the fault suite in its long form: an hour or two
	pytest -v --long tests/faults tests/properties tests/model

coverage:  ## what the quick tests run of the floors that hold jobs: 95 % of lines and branches at least
	pytest -q -n auto --cov --cov-report= -m "not slow" tests/otp tests/wire tests/store tests/tree tests/client tests/system/test_fates.py tests/system/test_crashes.py
	pytest -q -n auto --cov --cov-append --cov-report= tests/otp/test_port.py tests/tree/manager/queue/test_process_worker*.py
	for floor in otp wire store tree; do coverage report --include="*/verk_actors/$$floor/*" --fail-under=95 || exit; done

format:    ## let ruff put the code in order
	ruff check --fix .
	ruff format .

docs:      ## the book, in build/docs; a warning fails it. Wants the extra `docs`
	sphinx-build -q -W --keep-going -j auto -c docs -d build/doctrees . build/docs

diagrams:  ## draw diagrams/ again, from a running node
	python -m verk_actors.diagrams diagrams

RUNS = 5
LARGE_RUNS = 2
ROUNDS = 5
ROWS = drain prefetch nodes waiting failing log features process process-compute async pickup pickup-busy idle enqueue \
	enqueue-many by-workers dashboard
LARGE_ROWS = memory backlog due by-backlog
COMPARED = verk_actors sidekiq repid ardiq
MEASURES = drain,latency
FIGURES = tests/benchmarks/figures
RESULTS = docs/benchmarks

benchmarks:       ## measure all rows of `verk bench` RUNS times, large ones LARGE_RUNS; docs/benchmarks.md
	verk bench --runs $(RUNS) --json $(ROWS) | tee /dev/stderr | tail -n 1 >$(RESULTS)/bench.json
	verk bench --runs $(LARGE_RUNS) --json $(LARGE_ROWS) | tee /dev/stderr | tail -n 1 >$(RESULTS)/large.json
	python $(FIGURES)/document.py

benchmarks-peers: ## measure COMPARED in ROUNDS; PEERS is the harness, VENVS its environments
	rm -f $(RESULTS)/peers.jsonl
	python tests/benchmarks/peers/compare.py $(PEERS) $(COMPARED) --venvs $(VENVS) --measures $(MEASURES) \
		--rounds $(ROUNDS) --out $(RESULTS)/peers.jsonl
	python $(FIGURES)/document.py

benchmarks-all-peers: ## the same once for all peers that install
	rm -f $(RESULTS)/all-peers.jsonl
	python tests/benchmarks/peers/compare.py $(PEERS) verk_actors sidekiq repid ardiq wakaq dramatiq huey-thread \
		taskiq-stream saq streaq celery-threads arq rq --venvs $(VENVS) --measures $(MEASURES) --rounds 1 \
		--out $(RESULTS)/all-peers.jsonl
	python $(FIGURES)/document.py

flame:            ## sample a node that drains; the flame graph of docs/benchmarks.md
	python $(FIGURES)/profile.py

"""The comparison with peers, as far as it goes without them: our part of their harness, and the table."""

from __future__ import annotations

import subprocess
import sys

import pytest
from benchmarks.peers import table
from redis import Redis
from support.commands import environment
from support.source import REPOSITORY

PEERS = REPOSITORY / "tests" / "benchmarks" / "peers"
BODIES = 'import os\nURL = os.environ["URL"]\nNAPS = {"nap10": 0.01, "nap2000": 2.0}\n'


def row(peer: str, measure: str = "drain", **figures: float | str) -> dict[str, float | str]:
    return {"peer": peer, "measure": measure, "versions": "1.0", **figures}


def test_the_fastest_stands_first_with_its_median_and_spread_and_us_against_it():
    rows = [row("slow", rate=1000.0), *(row("verk_actors", rate=rate) for rate in (4000.0, 5000.0, 9000.0))]

    lines = table.markdown(rows).splitlines()

    assert lines[0] == "### Drain, no-op jobs/s"
    assert lines[4].startswith("| verk_actors | 3 | 5,000 (4,000-9,000) |  |")
    assert lines[5].startswith("| slow | 1 | 1,000 | 5.00 |")


def test_of_latencies_the_shortest_stands_first():
    rows = [row("b", "latency", p50=2.0, p95=3.0), row("a", "latency", p50=1.0, p95=9.0)]

    assert [line[2] for line in table.markdown(rows).splitlines()[4:6]] == ["a", "b"]


def test_a_peer_that_could_not_be_measured_is_named_with_its_error():
    text = table.markdown([row("verk_actors", rate=1.0), row("broken", error="no job ran")])

    assert "| broken" not in text
    assert "- broken, drain: no job ran" in text


@pytest.mark.slow  # an interpreter starts
def test_our_jobs_are_enqueued_as_the_harness_does(tmp_path, redis_url, redis: Redis):
    (tmp_path / "bodies.py").write_text(BODIES)
    program = "import app_verk_actors as app\nfor task in ('noop', 'nap10', 'fail'): app.send(task, 1)\n"
    program += "app.send_many('noop', [2, 3])"
    path = f"{tmp_path}:{PEERS}:{REPOSITORY}"

    subprocess.run([sys.executable, "-c", program], env=environment(PYTHONPATH=path, URL=redis_url), check=True)

    assert redis.llen("queue:bench") == 5


@pytest.mark.slow  # an interpreter starts
def test_what_was_measured_before_is_shown_again():
    results = str(REPOSITORY / "docs" / "benchmarks" / "peers.jsonl")

    said = subprocess.run(
        [sys.executable, str(PEERS / "compare.py"), "harness", "--report", "--out", results],
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )

    assert "| verk_actors |" in said.stdout

"""The table of peers; the measures themselves need the peers, which are not here."""

from __future__ import annotations

from benchmarks.peers import table


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

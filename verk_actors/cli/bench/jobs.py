"""The jobs of the benchmarks; the nodes run them."""

from __future__ import annotations

import select

from verk_actors.cli.bench.marks import mark, monotonic
from verk_actors.job_class import worker


@worker(name="Bench::Noop")
def noop(number: int, _: str) -> None:
    """Do nothing."""


@worker(name="Bench::Marked")
def marked(number: int, _: str) -> None:
    """Mark that it runs."""
    mark(number)


@worker(name="Bench::Wait")
def wait(number: int, seconds: float) -> None:
    """Wait, as a job that asks somebody, and mark the end."""
    select.select([], [], [], seconds)
    mark(number)


@worker(name="Bench::Fail")
def fail(number: int, _: str) -> None:
    """Mark that it runs, and fail."""
    mark(number)
    raise ValueError("this job fails")


@worker(name="Bench::Compute")
def compute(number: int, seconds: float) -> None:
    """Keep the interpreter busy for so long, and mark the end."""
    until = monotonic() + seconds
    while monotonic() < until:
        sum(range(100))
    mark(number)

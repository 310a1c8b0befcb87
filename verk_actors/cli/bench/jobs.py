"""The jobs of the benchmarks; the nodes run them."""

from __future__ import annotations

import asyncio
import select

from verk_actors.cli.bench.marks import mark
from verk_actors.jobs.context import current_job
from verk_actors.jobs.job_class import worker
from verk_actors.settings.limit import Limit


@worker(name="Bench::Noop")
def noop(number: int, _: str) -> None:
    """Do nothing."""


@worker(name="Bench::Marked")
def marked(number: int, _: str) -> None:
    """Mark that it runs."""
    mark(number)


@worker(name="Bench::Limited", limits=Limit("bench", concurrency=1_000_000))
def limited(number: int, _: str) -> None:
    """Do nothing, with room for all."""


@worker(name="Bench::Rated", limits=Limit("bench-rate", rate=1_000_000, burst=1_000_000))
def rated(number: int, _: str) -> None:
    """Do nothing, with room for all."""


@worker(name="Bench::Setting")
def setting(number: int, _: str) -> None:
    """Set a result."""
    job = current_job()
    if job is not None:
        job.set_result(number)


@worker(name="Bench::Reporting")
def reporting(number: int, _: str) -> None:
    """Say how far it is."""
    job = current_job()
    if job is not None:
        job.progress(number, 1_000_000, "working")


@worker(name="Bench::Wait")
def wait(number: int, seconds: float) -> None:
    """Wait, as a job that asks somebody, and mark the end."""
    select.select([], [], [], seconds)
    mark(number)


@worker(name="Bench::Sleep")
async def sleep(number: int, seconds: float) -> None:
    """Wait on the event loop, and mark the end."""
    await asyncio.sleep(seconds)
    mark(number)


@worker(name="Bench::Fail")
def fail(number: int, _: str) -> None:
    """Mark that it runs, and fail."""
    mark(number)
    raise ValueError("this job fails")


@worker(name="Bench::Compute")
def compute(number: int, rounds: int) -> None:
    """Keep the interpreter busy, for some 10 µs a round, and mark the end."""
    for _ in range(rounds):
        sum(range(1000))
    mark(number)

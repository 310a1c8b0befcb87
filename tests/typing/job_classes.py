"""What mypy accepts and refuses of job classes: each `type: ignore` must be needed."""

from typing import assert_type

from verk_actors.jobs.builder import JobBuilder
from verk_actors.jobs.job_class import JobClass, JobFunction, worker
from verk_actors.wire.job import Job


@worker
class ExampleWorker(JobClass):
    def perform(self, a: int, b: int = 2) -> int:
        return a + b


@worker(name="Billing::Invoice", queue="mail", max_retry_count=5, aliases=["Elixir.Invoice"])
class Invoice(JobClass):
    def perform(self, number: int, *lines: str) -> None: ...


@worker
def add(a: int, b: int) -> int:
    return a + b


@worker(queue="sums")
def double(a: int) -> int:
    return 2 * a


class NoPerform(JobClass): ...


# Accepted
assert_type(ExampleWorker.job(1, 2), Job)
assert_type(ExampleWorker.job(1, b=2), Job)
assert_type(ExampleWorker.with_options(queue="x", max_retry_count=0).job(1), Job)
assert_type(ExampleWorker().perform(1), int)
assert_type(Invoice.job(1, "a", "b"), Job)
assert_type(add(1, 2), int)
assert_type(add.job(1, b=2), Job)
assert_type(double(1), int)
assert_type(double.with_options(queue="x").job(1), Job)
builder: JobBuilder[...] = ExampleWorker.with_options(queue="x")
function: JobFunction[[int], int] = double

# Refused
ExampleWorker.job("x")  # type: ignore[arg-type]
ExampleWorker.job()  # type: ignore[call-arg]
ExampleWorker.job(1, 2, 3)  # type: ignore[call-arg]
ExampleWorker.job(1, c=2)  # type: ignore[call-arg]
ExampleWorker.with_options(queue="x").job("x")  # type: ignore[arg-type]
ExampleWorker.with_options(que="x")  # type: ignore[call-arg]
Invoice.job("x")  # type: ignore[arg-type]
Invoice.job(1, 2)  # type: ignore[arg-type]
add.job(1, "x")  # type: ignore[arg-type]
add("x", 2)  # type: ignore[arg-type]
double.job()  # type: ignore[call-arg]
double.with_options(queue="x").job("x")  # type: ignore[arg-type]
NoPerform.job()  # type: ignore[misc]
worker(aliases="Invoice")  # type: ignore[call-overload]

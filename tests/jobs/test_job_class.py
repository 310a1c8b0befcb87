"""Job classes and functions: how they are registered, and the jobs that they build."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from verk_actors.errors import InvalidJob
from verk_actors.jobs import job_class
from verk_actors.jobs.job_class import JobClass, worker
from verk_actors.jobs.registry import Registry
from verk_actors.wire.job import Job


@pytest.fixture
def registry() -> Registry:
    return Registry()


def test_a_job_class_builds_a_job_of_its_own_name() -> None:
    @worker
    class ExampleWorker(JobClass):
        def perform(self, a: int, b: int) -> int:
            return a + b

    assert ExampleWorker.job(1, 2) == Job(class_="ExampleWorker", args=[1, 2])
    assert job_class.registry.find("ExampleWorker").target is ExampleWorker


def test_the_options_of_a_job_class_are_those_of_its_jobs(registry: Registry) -> None:
    @worker(name="Billing::Invoice", queue="mail", max_retry_count=5, registry=registry)
    class Invoice(JobClass):
        def perform(self, number: int) -> None: ...

    assert Invoice.job(7) == Job(class_="Billing::Invoice", args=[7], queue="mail", max_retry_count=5)


def test_options_for_one_enqueue_replace_only_what_they_name(registry: Registry) -> None:
    @worker(queue="mail", max_retry_count=5, registry=registry)
    class Invoice(JobClass):
        def perform(self, number: int) -> None: ...

    assert Invoice.with_options(max_retry_count=0).job(7) == Job(
        class_="Invoice", args=[7], queue="mail", max_retry_count=0
    )
    assert Invoice.job(7).max_retry_count == 5


def test_a_plain_class_builds_jobs_too(registry: Registry) -> None:
    class Plain:
        def perform(self, a: int) -> None: ...

    builder: Any = worker(registry=registry)(Plain)

    assert builder.job(1) == Job(class_="Plain", args=[1])
    assert builder.with_options(queue="x").job(1).queue == "x"


def test_a_function_builds_jobs_and_can_be_called_as_before(registry: Registry) -> None:
    @worker(queue="sums", registry=registry)
    def add(a: int, b: int = 2) -> int:
        """Add."""
        return a + b

    assert add.job(1) == Job(class_="add", args=[1], queue="sums")
    assert add.with_options(queue="x").job(1).queue == "x"
    assert (add(1), add(1, b=3)) == (3, 4)
    assert (add.__name__, add.__doc__) == ("add", "Add.")


def builder_for(perform: Callable[..., Any]) -> Any:
    return worker(name="Any", registry=Registry())(perform).job


@pytest.mark.parametrize(
    ("args", "kwargs", "positional"),
    [
        ((1,), {}, [1]),
        ((1, 5), {}, [1, 5]),
        ((), {"a": 1}, [1]),
        ((1,), {"b": 5}, [1, 5]),
        ((1,), {"c": 5}, [1, 2, 5]),
        ((), {"c": 5, "a": 1}, [1, 2, 5]),
    ],
)
def test_keyword_arguments_become_positional(
    args: tuple[int, ...], kwargs: dict[str, int], positional: list[int]
) -> None:
    job = builder_for(lambda a, b=2, c=3: None)

    assert job(*args, **kwargs).args == positional


def test_any_number_of_arguments_is_taken_by_a_perform_that_takes_it() -> None:
    assert builder_for(lambda a, *rest: None)(1, 2, 3).args == [1, 2, 3]


@pytest.mark.parametrize(("args", "kwargs"), [((), {}), ((1, 2, 3, 4), {}), ((1,), {"a": 1}), ((1,), {"z": 1})])
def test_arguments_that_perform_cannot_take_are_refused_at_once(args: tuple[int, ...], kwargs: dict[str, int]) -> None:
    job = builder_for(lambda a, b=2, c=3: None)

    with pytest.raises(TypeError, match=r"^Any: .*argument"):
        job(*args, **kwargs)


def test_a_keyword_only_parameter_cannot_be_given_since_jobs_have_positional_arguments() -> None:
    job = builder_for(lambda a, *, loud=False, **rest: None)

    assert job(1).args == [1]
    with pytest.raises(TypeError, match="loud"):
        job(1, loud=True)


def test_a_static_perform_loses_no_parameter(registry: Registry) -> None:
    @worker(registry=registry)
    class Static(JobClass):
        @staticmethod
        def perform(a: int) -> None: ...

    assert Static.job(1).args == [1]


def test_a_child_of_a_job_class_builds_no_jobs_of_its_parent(registry: Registry) -> None:
    @worker(registry=registry)
    class Parent(JobClass):
        def perform(self) -> None: ...

    class Child(Parent): ...

    with pytest.raises(TypeError, match=r"Child isn't registered: decorate it with @worker"):
        Child.job()


class NoPerform: ...


class NeedsAnArgument:
    def __init__(self, dependency: object) -> None: ...

    def perform(self) -> None: ...


def generator() -> Any:
    yield


async def asynchronous_generator() -> Any:
    yield


def keyword_needed(*, loud: bool) -> None: ...


@pytest.mark.parametrize(
    ("target", "why"),
    [
        (NoPerform, "neither a class with a perform nor a function"),
        ("NoPerform", "neither a class with a perform nor a function"),
        (NeedsAnArgument, "missing a required argument: 'dependency'"),
        (generator, "does nothing when it is called"),
        (asynchronous_generator, "does nothing when it is called"),
        (keyword_needed, "needs the keyword argument loud"),
    ],
)
def test_what_no_job_could_run_is_refused_when_it_is_registered(target: Any, why: str, registry: Registry) -> None:
    with pytest.raises(TypeError, match=why):
        worker(registry=registry)(target)

    assert registry.names() == []


@pytest.mark.parametrize("options", [{"queue": "no blanks"}, {"max_retry_count": -1}, {"name": " "}])
def test_options_that_no_job_can_have_are_refused_when_it_is_registered(
    options: dict[str, Any], registry: Registry
) -> None:
    with pytest.raises(InvalidJob):
        worker(**options, registry=registry)(lambda: None)

    assert registry.names() == []


def test_a_performer_says_whether_a_loop_has_to_run_it(registry: Registry) -> None:
    @worker(registry=registry)
    class Asynchronous(JobClass):
        async def perform(self, number: int) -> int:
            return number

    @worker(registry=registry)
    async def asynchronous(number: int) -> int:
        return number

    @worker(registry=registry)
    def plain(number: int) -> int:
        return number

    performers = [registry.find(name) for name in ("Asynchronous", "asynchronous", "plain")]

    assert [performer.is_async for performer in performers] == [True, True, False]
    assert Asynchronous.job(1).args == asynchronous.job(1).args == [1]


# Options


def test_options_of_a_class_are_those_of_its_jobs_unless_a_program_says_otherwise():
    @worker(
        registry=Registry(), queue="q", unique_for=60, unique_until="start", expires_in=5.5, retry_for=9, dead=False
    )
    def work(number: int) -> None: ...

    job, other = work.job(1), work.with_options(unique_for=30, dead=True, queue=None).job(2)

    assert (job.unique_for, job.unique_until, job.expires_in, job.retry_for, job.dead) == (60, "start", 5.5, 9, False)
    assert (other.unique_for, other.unique_until, other.dead, other.queue) == (30, "start", True, "q")


@pytest.mark.parametrize("option", ["jid", "args", "unique"])
def test_what_is_no_option_of_a_job_is_refused(option: str):
    with pytest.raises(TypeError, match=f"^work: a job has no option {option}$"):

        @worker(registry=Registry(), **{option: 1})
        def work() -> None: ...


def test_an_option_that_makes_no_sense_is_refused_where_the_class_is_made():
    with pytest.raises(InvalidJob, match="unique_until"):

        @worker(registry=Registry(), unique_until="never")  # type: ignore[call-overload]
        def work() -> None: ...

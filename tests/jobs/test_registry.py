"""The registry: what a worker finds by the name in a job."""

from __future__ import annotations

import pytest

from verk_actors.errors import JobClassNotFound
from verk_actors.jobs.job_class import JobClass, worker
from verk_actors.jobs.registry import Registry


@pytest.fixture
def registry() -> Registry:
    return Registry()


def test_a_performer_runs_the_perform_of_its_class(registry: Registry) -> None:
    @worker(queue="sums", max_retry_count=5, registry=registry)
    class Add(JobClass):
        def perform(self, a: int, b: int) -> int:
            return a + b

    performer = registry.find("Add")

    assert performer.perform([1, 2]) == 3
    assert (performer.name, performer.queue, performer.max_retry_count) == ("Add", "sums", 5)
    assert performer.retry_at is None


def test_a_performer_runs_its_function(registry: Registry) -> None:
    worker(name="add", registry=registry)(lambda a, b: a + b)

    assert registry.find("add").perform([1, 2]) == 3


def test_each_run_has_an_instance_of_its_own(registry: Registry) -> None:
    @worker(registry=registry)
    class Which(JobClass):
        def perform(self) -> Which:
            return self

    perform = registry.find("Which").perform

    assert perform([]) is not perform([])


def test_a_wrong_number_of_arguments_fails_as_the_call_would(registry: Registry) -> None:
    worker(name="add", registry=registry)(lambda a, b: a + b)

    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        registry.find("add").perform([1])


def test_a_class_may_choose_when_it_is_retried(registry: Registry) -> None:
    @worker(registry=registry)
    class Method(JobClass):
        def perform(self) -> None: ...

        def retry_at(self, failed_at: float, attempt: int) -> float:
            return failed_at + 10 * attempt

    @worker(registry=registry)
    class Static(JobClass):
        def perform(self) -> None: ...

        @staticmethod
        def retry_at(failed_at: float, attempt: int) -> float:
            return failed_at + 100 * attempt

    by_method, by_static = registry.find("Method").retry_at, registry.find("Static").retry_at

    assert by_method is not None and by_method(1000.0, 2) == 1020.0
    assert by_static is not None and by_static(1000.0, 2) == 1200.0


@pytest.mark.parametrize("name", ["Unknown", "os.system", "subprocess::Popen", "tests.test_registry", ""])
def test_a_name_that_is_not_registered_is_never_imported(registry: Registry, name: str) -> None:
    with pytest.raises(JobClassNotFound) as raised:
        registry.find(name)

    assert raised.value.name == name


def test_a_class_is_found_by_the_names_that_others_have_for_it(registry: Registry) -> None:
    @worker(aliases=["Elixir.Billing.Invoice", "Billing::Invoice"], registry=registry)
    class Invoice(JobClass):
        def perform(self) -> None: ...

    performer = registry.find("Invoice")

    assert registry.find("Elixir.Billing.Invoice") is performer
    assert registry.find("Billing::Invoice") is performer
    assert registry.names() == ["Billing::Invoice", "Elixir.Billing.Invoice", "Invoice"]


def test_two_classes_cannot_have_one_name(registry: Registry) -> None:
    @worker(registry=registry)
    class First(JobClass):
        def perform(self) -> None: ...

    class Second(JobClass):
        def perform(self) -> None: ...

    with pytest.raises(ValueError, match=r"\.Second can't be registered as 'First': .*\.First is"):
        worker(aliases=["First"], registry=registry)(Second)

    assert registry.names() == ["First"]


def test_a_reloaded_class_takes_the_place_of_the_old_one(registry: Registry) -> None:
    def load() -> type:
        @worker(registry=registry)
        class Reloaded(JobClass):
            def perform(self) -> None: ...

        return Reloaded

    load()
    new = load()

    assert registry.find("Reloaded").target is new

"""What a supervisor can be asked of children that it has: terminate, restart, delete, which, count."""

from __future__ import annotations

import pytest
from support.processes import Bench, Flaky, crash

from verk_actors.otp import (
    NORMAL,
    SHUTDOWN,
    Backoff,
    ChildCounts,
    ChildNotFound,
    ChildRestarting,
    ChildRow,
    ChildRunning,
    ChildType,
    CountChildren,
    DeleteChild,
    Restart,
    RestartChild,
    StartChild,
    StartError,
    Stop,
    Strategy,
    Supervisor,
    TerminateChild,
    WhichChildren,
)


def test_terminate_child_ends_a_child_and_keeps_its_specification(bench: Bench) -> None:
    """supervisor(3): terminate_child ends the child, is not followed by a restart, and keeps the specification."""
    supervisor = bench.supervisor("a", "b")

    supervisor.call(TerminateChild("a"))

    assert bench.noted() == ["-a shutdown"]
    assert [row.state for row in supervisor.call(WhichChildren())] == ["stopped", "running"]


def test_terminate_child_returns_when_the_child_has_ended(bench: Bench) -> None:
    """supervisor(3): terminate_child returns when the child has ended."""
    supervisor = bench.supervisor("a")
    a = bench.find("a")

    supervisor.call(TerminateChild("a"))

    assert a.reason == SHUTDOWN
    assert bench.names.find("a") is None


def test_terminating_a_temporary_child_deletes_its_specification(bench: Bench) -> None:
    """supervisor(3): the specification of a temporary child is deleted when terminate_child ended it."""
    supervisor = bench.supervisor(bench.spec("a", restart=Restart.TEMPORARY))

    supervisor.call(TerminateChild("a"))

    assert supervisor.call(WhichChildren()) == ()


def test_terminating_a_child_that_does_not_run_is_no_error(bench: Bench) -> None:
    """supervisor(3): terminate_child ends the process, if any."""
    supervisor = bench.supervisor("a")

    for _ in range(2):
        supervisor.call(TerminateChild("a"))

    assert bench.noted() == ["-a shutdown"]


def test_terminating_one_child_touches_no_other_whatever_the_strategy(bench: Bench) -> None:
    """supervisor(3): terminate_child is no end that the strategy answers."""
    supervisor = bench.supervisor(*"abc", strategy=Strategy.ONE_FOR_ALL)

    supervisor.call(TerminateChild("b"))

    assert bench.noted() == ["-b shutdown"]


def test_restart_child_starts_a_child_that_was_terminated(bench: Bench) -> None:
    """supervisor(3): restart_child starts a child that does not run, anew."""
    supervisor = bench.supervisor("a")
    supervisor.call(TerminateChild("a"))

    ref = supervisor.call(RestartChild("a"))

    assert bench.find("a") is ref
    assert bench.noted() == ["-a shutdown", "+a"]


def test_restart_child_starts_a_transient_child_that_was_done(bench: Bench) -> None:
    """supervisor(3): restart_child starts a child whose specification exists and that does not run."""
    supervisor = bench.supervisor(bench.spec("a", restart=Restart.TRANSIENT))
    bench.tell("a", crash(Stop(NORMAL)))

    supervisor.call(RestartChild("a"))

    assert bench.noted() == ["-a normal", "+a"]


def test_a_restart_by_request_that_fails_leaves_the_child_stopped(bench: Bench) -> None:
    """supervisor(3): restart_child answers with the error of the start function, and does not try again."""
    flaky = Flaky(bench, "a")
    supervisor = bench.supervisor(bench.spec("a", start=flaky))
    supervisor.call(TerminateChild("a"))
    flaky.failing = True

    with pytest.raises(StartError):
        supervisor.call(RestartChild("a"))

    assert bench.noted() == ["-a shutdown", "+a"]
    assert [row.state for row in supervisor.call(WhichChildren())] == ["stopped"]


def test_delete_child_deletes_the_specification_of_a_child_that_does_not_run(bench: Bench) -> None:
    """supervisor(3): delete_child deletes a child specification."""
    supervisor = bench.supervisor("a", "b")
    supervisor.call(TerminateChild("a"))

    supervisor.call(DeleteChild("a"))

    assert [row.id for row in supervisor.call(WhichChildren())] == ["b"]
    supervisor.call(StartChild(bench.spec("a")))


@pytest.mark.parametrize("request_of", [RestartChild, DeleteChild])
def test_a_child_that_runs_is_neither_restarted_nor_deleted(bench: Bench, request_of: type) -> None:
    """supervisor(3): restart_child and delete_child answer running where the child runs."""
    supervisor = bench.supervisor("a")

    with pytest.raises(ChildRunning):
        supervisor.call(request_of("a"))

    assert bench.noted() == []


@pytest.mark.parametrize("request_of", [RestartChild, DeleteChild])
def test_a_child_about_to_be_restarted_is_neither_restarted_nor_deleted(bench: Bench, request_of: type) -> None:
    """supervisor(3): restart_child and delete_child answer restarting where the child is about to be restarted."""
    supervisor = bench.supervisor(bench.spec("a", backoff=Backoff(first_seconds=10.0)))
    bench.find("a").kill()
    bench.settle()

    with pytest.raises(ChildRestarting):
        supervisor.call(request_of("a"))


def test_terminating_a_child_about_to_be_restarted_cancels_the_restart(bench: Bench) -> None:
    """supervisor(3): terminate_child ends the process, and what would start it again."""
    supervisor = bench.supervisor(bench.spec("a", backoff=Backoff(first_seconds=10.0)))
    bench.find("a").kill()
    bench.settle()

    supervisor.call(TerminateChild("a"))
    bench.advance(20.0)

    assert bench.names.find("a") is None


def test_a_restart_that_was_cancelled_does_not_come_with_the_next_one(bench: Bench) -> None:
    """Ours: each pause ends in one restart or none, whatever was requested meanwhile."""
    supervisor = bench.supervisor(bench.spec("a", backoff=Backoff(first_seconds=10.0)))
    bench.find("a").kill()
    bench.settle()
    supervisor.call(TerminateChild("a"))
    second = supervisor.call(RestartChild("a"))

    bench.advance(20.0)

    assert bench.find("a") is second


@pytest.mark.parametrize("request_of", [TerminateChild, RestartChild, DeleteChild])
def test_a_request_about_an_unknown_child_answers_not_found(bench: Bench, request_of: type) -> None:
    """supervisor(3): a request answers not_found where no specification has that id."""
    supervisor = bench.supervisor("a")

    with pytest.raises(ChildNotFound, match="child 'nobody': not found"):
        supervisor.call(request_of("nobody"))

    assert supervisor.is_alive()


def test_which_children_tells_of_each_its_id_process_type_and_state(bench: Bench) -> None:
    """supervisor(3): which_children lists id, process, and type of all children.

    Differs: in start order, with the number of restarts.
    """
    inner = bench.spec("inner", start=Supervisor, type=ChildType.SUPERVISOR)
    supervisor = bench.supervisor("a", inner, "b")
    bench.find("a").kill()
    bench.settle()
    supervisor.call(TerminateChild("b"))

    assert supervisor.call(WhichChildren()) == (
        ChildRow("a", bench.find("a"), "worker", "running", 1),
        ChildRow("inner", bench.find("inner"), "supervisor", "running", 0),
        ChildRow("b", None, "worker", "stopped", 0),
    )


def test_count_children_counts_specs_active_supervisors_and_workers(bench: Bench) -> None:
    """supervisor(3): count_children counts specs, active, supervisors and workers, dead or alive."""
    inner = bench.spec("inner", start=Supervisor, type=ChildType.SUPERVISOR)
    supervisor = bench.supervisor("a", inner, "b")
    supervisor.call(TerminateChild("b"))

    assert supervisor.call(CountChildren()) == ChildCounts(specs=3, active=2, supervisors=1, workers=2)

"""A supervisor of many like children: OTP's simple_one_for_one, Elixir's DynamicSupervisor."""

from __future__ import annotations

import threading

import pytest
from support.processes import WAIT, Ask, Bench, Flaky, Puppet, crash, stuck

from verk_actors.otp import (
    NORMAL,
    Backoff,
    ChildCounts,
    ChildNotFound,
    CountChildren,
    DeleteChild,
    DynamicSupervisor,
    Ref,
    Restart,
    RestartChild,
    StartChild,
    StartError,
    Stop,
    TerminateChild,
    TooManyChildren,
    WhichChildren,
)


@pytest.fixture
def supervisor(bench: Bench) -> Ref:
    """Start a dynamic supervisor."""
    return bench.start(DynamicSupervisor(), name="supervisor")


def refs(supervisor: Ref) -> list[Ref | None]:
    return [row.ref for row in supervisor.call(WhichChildren())]


def test_it_starts_without_children(supervisor: Ref) -> None:
    """supervisor(3): with simple_one_for_one no child is started at first."""
    assert supervisor.call(WhichChildren()) == ()


def test_one_spec_may_be_started_as_often_as_wanted(bench: Bench, supervisor: Ref) -> None:
    """supervisor(3): with simple_one_for_one the id is ignored, and children are instances of one specification."""
    spec = bench.spec("worker", name=None)

    children = [supervisor.call(StartChild(spec)) for _ in range(3)]

    assert refs(supervisor) == children
    assert supervisor.call(CountChildren()) == ChildCounts(specs=3, active=3, supervisors=0, workers=3)


@pytest.mark.logs_errors("a crashed")
def test_a_child_that_crashes_is_restarted_alone(bench: Bench, supervisor: Ref) -> None:
    """supervisor(3): simple_one_for_one is a simplified one_for_one."""
    for name in "ab":
        supervisor.call(StartChild(bench.spec(name)))
    b = bench.find("b")

    bench.tell("a", crash())

    assert bench.noted() == ["+a", "+b", "-a oops", "+a"]
    assert bench.find("b") is b


@pytest.mark.parametrize("restart", [Restart.TRANSIENT, Restart.TEMPORARY])
def test_a_child_that_is_done_is_forgotten(bench: Bench, supervisor: Ref, restart: Restart) -> None:
    """supervisor.erl: with simple_one_for_one a child that is not restarted is erased."""
    supervisor.call(StartChild(bench.spec("a", restart=restart)))

    bench.tell("a", crash(Stop(NORMAL)))

    assert supervisor.call(WhichChildren()) == ()


def test_a_child_is_terminated_by_its_process(bench: Bench, supervisor: Ref) -> None:
    """supervisor(3): with simple_one_for_one terminate_child takes the pid, and the child is forgotten."""
    a, b = (supervisor.call(StartChild(bench.spec(name))) for name in "ab")

    supervisor.call(TerminateChild(a))

    assert bench.noted() == ["+a", "+b", "-a shutdown"]
    assert refs(supervisor) == [b]


def test_a_process_that_is_no_child_is_not_found(bench: Bench, supervisor: Ref) -> None:
    """supervisor(3): terminate_child answers not_found for a process that is not its child."""
    stranger = bench.puppet("stranger")

    with pytest.raises(ChildNotFound):
        supervisor.call(TerminateChild(stranger))

    assert stranger.is_alive()


def test_a_child_that_was_restarted_is_known_by_its_new_process(bench: Bench, supervisor: Ref) -> None:
    """supervisor(3): with simple_one_for_one a child is its pid."""
    old = supervisor.call(StartChild(bench.spec("a")))
    old.kill()
    bench.settle()

    with pytest.raises(ChildNotFound):
        supervisor.call(TerminateChild(old))
    supervisor.call(TerminateChild(bench.find("a")))

    assert refs(supervisor) == []


def test_a_child_about_to_be_restarted_is_terminated_by_its_old_process(bench: Bench, supervisor: Ref) -> None:
    """supervisor.erl: with simple_one_for_one a restarting child is found by the pid that it had.

    It once could not be terminated at all, and came back for ever.
    """
    old = supervisor.call(StartChild(bench.spec("a", backoff=Backoff(first_seconds=10.0))))
    old.kill()
    bench.settle()

    supervisor.call(TerminateChild(old))
    bench.advance(20.0)

    assert refs(supervisor) == []
    assert bench.names.find("a") is None


@pytest.mark.parametrize("request_of", [RestartChild, DeleteChild])
def test_there_is_nothing_to_restart_or_delete(bench: Bench, supervisor: Ref, request_of: type) -> None:
    """supervisor(3): restart_child and delete_child are invalid with simple_one_for_one."""
    supervisor.call(StartChild(bench.spec("a")))

    with pytest.raises(ChildNotFound):
        supervisor.call(request_of("a"))


def test_no_more_children_than_allowed_are_started(bench: Bench) -> None:
    """Elixir's DynamicSupervisor: start_child answers max_children where there are as many as allowed."""
    supervisor = bench.start(DynamicSupervisor(max_children=2))
    children = [supervisor.call(StartChild(bench.spec(name))) for name in "ab"]

    with pytest.raises(TooManyChildren):
        supervisor.call(StartChild(bench.spec("c")))
    supervisor.call(TerminateChild(children[0]))

    assert supervisor.call(StartChild(bench.spec("c"))).is_alive()


def test_a_child_that_does_not_start_takes_no_place(bench: Bench) -> None:
    """Elixir's DynamicSupervisor: a child that does not start does not count towards max_children."""
    supervisor, flaky = bench.start(DynamicSupervisor(max_children=1)), Flaky(bench, "a")
    flaky.failing = True
    with pytest.raises(StartError):
        supervisor.call(StartChild(bench.spec("a", start=flaky)))
    flaky.failing = False

    assert supervisor.call(StartChild(bench.spec("a", start=flaky))).is_alive()


def test_all_children_are_stopped_at_once(bench: Bench, supervisor: Ref) -> None:
    """supervisor(3): simple_one_for_one ends its children asynchronously, so that they clean up in parallel."""
    together = threading.Barrier(5)  # would wait in vain if they ended one after the other
    for _ in range(5):
        start = lambda: Puppet(on_terminate=lambda: together.wait(WAIT))  # noqa: E731
        supervisor.call(StartChild(bench.spec("a", name=None, start=start, shutdown=2 * WAIT)))
    children = refs(supervisor)

    supervisor.stop()

    assert not together.broken
    assert not any(ref and ref.is_alive() for ref in children)


@pytest.mark.logs_errors("did not stop within 0.5 s")
def test_children_that_do_not_end_share_one_deadline(
    bench: Bench, supervisor: Ref, monkeypatch: pytest.MonkeyPatch
) -> None:
    """supervisor.erl: simple_one_for_one waits for all its children together, no longer than for one.

    Each once got its time after the one before: 25 stuck workers of 30 s each, 12 minutes.
    """
    gate, waits, join = threading.Event(), [], Ref.join
    for _ in range(20):
        start = lambda: Puppet(on_terminate=lambda: gate.wait(WAIT))  # noqa: E731
        supervisor.call(StartChild(bench.spec("a", name=None, start=start, shutdown=0.5)))
    children = [ref for ref in refs(supervisor) if ref is not None]

    def recorded_join(ref: Ref, timeout: float | None = None) -> bool:
        if ref in children:
            waits.append(timeout)
        return join(ref, timeout)

    monkeypatch.setattr(Ref, "join", recorded_join)
    supervisor.stop(timeout=WAIT)

    gate.set()
    assert len(waits) == 20
    assert waits[1:] == [0.0] * 19
    assert all(child.killed for child in children)


def test_the_supervisor_still_answers_while_a_child_is_busy(bench: Bench, supervisor: Ref) -> None:
    """Ours: a busy child holds nobody up but its callers."""
    busy = supervisor.call(StartChild(bench.spec("a")))

    with stuck(busy):
        free = supervisor.call(StartChild(bench.spec("b")))
        assert free.call(Ask(lambda me: me.name)) == "b"

"""A supervisor starts its children left to right, and stops them right to left."""

from __future__ import annotations

import threading

import pytest
from support.processes import WAIT, Ask, Bench, Oops, Puppet, crash, stuck

from verk_actors.otp import (
    BRUTAL_KILL,
    INFINITY,
    KILLED,
    NORMAL,
    SHUTDOWN,
    ChildSpec,
    ChildType,
    Ref,
    RestartChild,
    StartError,
    Supervisor,
    TerminateChild,
)


def supervise(bench: Bench, *specs: ChildSpec, name: str = "supervisor") -> Ref:
    return bench.start(Supervisor(specs), name=name)


def failing(bench: Bench, name: str) -> ChildSpec:
    def fail() -> None:
        raise Oops

    return bench.spec(name, start=lambda: Puppet(name, bench.notes, on_init=fail))


def test_children_start_in_order_and_before_the_supervisor_is_up(bench: Bench) -> None:
    """supervisor(3): the children are started from left to right, and start_link returns after the last."""
    supervise(bench, *map(bench.spec, "abc"))

    assert bench.notes == ["+a", "+b", "+c"]


def test_children_stop_in_reverse_order(bench: Bench) -> None:
    """supervisor(3): a supervisor that ends ends its children first, from right to left, with shutdown."""
    supervisor = supervise(bench, *map(bench.spec, "abc"))

    supervisor.stop()

    assert bench.noted() == ["+a", "+b", "+c", "-c shutdown", "-b shutdown", "-a shutdown"]


def test_each_child_has_ended_before_the_next_is_stopped(bench: Bench) -> None:
    """supervisor(3): the supervisor waits for the end of a child before it goes on to the next."""
    alive: list[bool] = []

    def look() -> None:
        alive.append(b.is_alive())

    a_spec = bench.spec("a", start=lambda: Puppet("a", bench.notes, on_terminate=look))
    supervisor = supervise(bench, a_spec, bench.spec("b"))
    b = bench.find("b")

    supervisor.stop()

    assert alive == [False]


def test_a_tree_starts_depth_first_and_stops_the_other_way_round(bench: Bench) -> None:
    """supervisor(3): a child may be a supervisor, whose start and stop include its children."""
    inner = bench.spec(
        "inner",
        type=ChildType.SUPERVISOR,
        start=lambda: Supervisor([bench.spec("b"), bench.spec("c")]),
    )
    supervisor = supervise(bench, bench.spec("a"), inner, bench.spec("d"))

    supervisor.stop()

    assert bench.noted() == [f"+{n}" for n in "abcd"] + [f"-{n} shutdown" for n in "dcba"]
    assert bench.names.all() == {}


@pytest.mark.logs_errors("child 'c' did not start: Oops()")
def test_a_child_that_does_not_start_fails_the_supervisors_start(bench: Bench) -> None:
    """supervisor(3): if a child does not start, those already started are ended, and start_link fails."""
    with pytest.raises(StartError, match=r"supervisor did not start: .*Oops"):
        supervise(bench, bench.spec("a"), bench.spec("b"), failing(bench, "c"), bench.spec("d"))

    assert bench.noted() == ["+a", "+b", "+c", "-b shutdown", "-a shutdown"]
    assert bench.names.all() == {}


@pytest.mark.logs_errors("child 'b' did not start")
@pytest.mark.parametrize("made", [None, "no server"])
def test_a_start_that_makes_no_server_is_a_failed_start(bench: Bench, made: object) -> None:
    """supervisor(3): a start function that fails or returns something else is a failed start."""

    def start() -> object:
        if made is None:
            raise Oops
        return made

    with pytest.raises(StartError, match="Oops" if made is None else "'no server', which is no Server"):
        supervise(bench, bench.spec("a"), bench.spec("b", start=start))

    assert bench.noted() == ["+a", "-a shutdown"]


def test_a_child_is_linked_to_its_supervisor(bench: Bench) -> None:
    """supervisor(3): the start function links the child to the supervisor."""
    supervisor = supervise(bench, bench.spec("a"))

    supervisor.kill()

    assert bench.noted() == ["+a", "-a killed"]


def test_brutal_kill_ends_a_child_without_asking_it(bench: Bench) -> None:
    """supervisor(3): brutal_kill ends a child unconditionally, by exit(Child, kill)."""
    supervisor = supervise(bench, bench.spec("a", shutdown=BRUTAL_KILL))
    a = bench.find("a")

    supervisor.stop()

    assert a.reason == KILLED
    assert bench.noted() == ["+a"]


def test_brutal_kill_does_not_wait_for_a_stuck_child(bench: Bench) -> None:
    """supervisor(3): brutal_kill ends a child unconditionally.

    Differs: a thread can't be ended; it is abandoned and counted until its call returns.
    """
    supervisor = supervise(bench, bench.spec("a", shutdown=BRUTAL_KILL))
    with stuck(bench.find("a")):
        supervisor.call(TerminateChild("a"))

        assert bench.abandoned() == ["a"]


@pytest.mark.logs_errors("supervisor: a did not stop within 0.01 s")
def test_a_child_that_does_not_end_in_its_time_is_killed(bench: Bench) -> None:
    """supervisor(3): a child that does not end within its shutdown time is ended by exit(Child, kill)."""
    supervisor = supervise(bench, bench.spec("a", shutdown=0.01))
    a = bench.find("a")
    with stuck(a):
        supervisor.call(TerminateChild("a"))

        assert a.reason == KILLED
        assert bench.abandoned() == ["a"]


@pytest.mark.logs_errors("a did not stop within 0.01 s")
def test_an_abandoned_child_is_replaced_while_its_thread_is_still_stuck(bench: Bench) -> None:
    """Ours: a killed process is dead for everybody, and its successor takes its name and place."""
    supervisor = supervise(bench, bench.spec("a", shutdown=0.01))
    first = bench.find("a")
    with stuck(first):
        supervisor.call(TerminateChild("a"))

        second = supervisor.call(RestartChild("a"))

        assert bench.find("a") is second
        assert second.call(Ask(lambda me: me.name)) == "a"
        assert bench.abandoned() == ["a"]
    assert first.thread is not None
    first.thread.join(WAIT)
    assert bench.abandoned() == []


@pytest.mark.parametrize("shutdown", [WAIT, INFINITY])
def test_a_child_that_ends_in_its_time_is_not_killed(bench: Bench, shutdown: float) -> None:
    """supervisor(3): the supervisor sends shutdown and waits; with infinity, as long as it takes."""
    terminating, go_on = threading.Event(), threading.Event()
    spec = bench.spec(
        "a",
        shutdown=shutdown,
        start=lambda: Puppet("a", bench.notes, on_terminate=lambda: terminating.set() or go_on.wait(WAIT)),
    )
    supervisor = supervise(bench, spec)
    a = bench.find("a")
    stopped = supervisor.stop(block=False)
    assert terminating.wait(WAIT)
    assert a.is_alive()

    go_on.set()

    assert stopped.get(timeout=WAIT)
    assert a.reason == SHUTDOWN


@pytest.mark.logs_errors("a crashed: Oops()", "supervisor: a crashed while stopping: Oops()")
def test_a_child_that_crashes_while_it_stops_is_reported(bench: Bench) -> None:
    """supervisor(3): a child that ends with another reason than shutdown when told to is reported."""

    def fail() -> None:
        raise Oops

    spec = bench.spec("a", start=lambda: Puppet("a", bench.notes, on_terminate=fail))
    supervisor = supervise(bench, bench.spec("b"), spec)

    supervisor.stop()

    assert bench.noted() == ["+b", "+a", "-a shutdown", "-b shutdown"]


@pytest.mark.logs_errors("supervisor crashed")
def test_a_supervisor_that_crashes_stops_its_children_too(bench: Bench) -> None:
    """gen_server(3): terminate is called after a crash; a supervisor's ends its children."""

    class Careless(Supervisor):
        def on_receive(self, message: object) -> None:
            raise Oops

    supervisor = bench.start(Careless([bench.spec("a"), bench.spec("b")]), name="supervisor")

    supervisor.tell("anything")

    assert bench.noted() == ["+a", "+b", "-b shutdown", "-a shutdown"]


def test_a_successor_waits_for_the_orphan_that_still_has_its_name(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ours: a child whose supervisor died is waited for, within limits, before its name is taken over."""
    first = supervise(bench, bench.spec("a"), name="first")
    orphan = bench.find("a")
    join = Ref.join
    with stuck(orphan) as out:
        first.kill()

        def freed_when_waited_for(ref: Ref, timeout: float | None = None) -> bool:
            if ref is orphan:
                out.set()
            return join(ref, timeout)

        monkeypatch.setattr(Ref, "join", freed_when_waited_for)
        monkeypatch.setattr("verk_actors.otp.server._ORPHAN_SECONDS", WAIT)
        supervise(bench, bench.spec("a"), name="second")

    assert not orphan.is_alive()
    assert not orphan.killed
    assert bench.find("a") is not orphan


def test_an_orphan_that_does_not_end_is_killed_by_its_successor(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ours: a child whose supervisor died, and that is stuck, is abandoned when its name is needed."""
    monkeypatch.setattr("verk_actors.otp.server._ORPHAN_SECONDS", 0.01)
    first = supervise(bench, bench.spec("a"), name="first")
    orphan = bench.find("a")
    with stuck(orphan):
        first.kill()

        supervise(bench, bench.spec("a"), name="second")

        assert orphan.reason == KILLED
        assert bench.abandoned() == ["a"]


def test_stopping_the_root_leaves_no_process_and_no_thread(bench: Bench) -> None:
    """Ours: after the root's stop nothing of the tree runs."""
    supervisor = supervise(bench, *map(bench.spec, "abc"))
    children = [bench.find(name) for name in "abc"]

    supervisor.stop()

    assert supervisor.reason == NORMAL
    assert not any(ref.thread and ref.thread.is_alive() for ref in [supervisor, *children])


@pytest.mark.logs_errors("b crashed")
def test_the_end_of_an_unknown_process_is_ignored(bench: Bench) -> None:
    """supervisor(3): an exit of a process that is no child is ignored."""
    supervisor = supervise(bench, bench.spec("a"))
    b = bench.puppet("b")
    supervisor.link(b)

    bench.tell("b", crash())

    assert bench.noted() == ["+a", "+b", "-b oops"]
    assert supervisor.is_alive()

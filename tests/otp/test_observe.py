"""A picture of the tree, taken from outside."""

from __future__ import annotations

import gc
import sys

import pytest
from support.eventually import eventually
from support.processes import Bench, Do, Puppet, stuck

from verk_actors.otp import (
    Backoff,
    ChildType,
    DynamicSupervisor,
    ProcessInfo,
    StartChild,
    Supervisor,
    TerminateChild,
    coroutine_stack,
    snapshot,
    stack,
)
from verk_actors.otp.observe import current_frames


def test_a_snapshot_shows_the_tree_in_start_order(bench: Bench) -> None:
    """Ours: a snapshot has each process with its children, as observer shows a supervision tree."""
    inner = bench.spec("inner", start=lambda: Supervisor([bench.spec("b")]), type=ChildType.SUPERVISOR)
    root = bench.supervisor("a", inner, "c")

    tree = snapshot(root)

    assert [info.name for info in tree.walk()] == ["supervisor", "a", "inner", "b", "c"]
    assert [info.kind for info in tree.walk()] == ["Overseer", "Puppet", "Supervisor", "Puppet", "Puppet"]
    assert [info.state for info in tree.walk()] == ["running"] * 5
    assert len({info.pid for info in tree.walk()}) == 5


def test_a_snapshot_counts_restarts_inbox_and_age(bench: Bench) -> None:
    """Ours: a snapshot says of each process how often it was restarted, what waits for it, and how old it is."""
    root = bench.supervisor("a")
    bench.advance(10.0)
    bench.find("a").kill()
    bench.advance(2.5)
    with stuck(bench.find("a")):
        for _ in range(3):
            bench.find("a").tell(Do(bool))

        (a,) = snapshot(root).children

    assert (a.restarts, a.inbox, a.age_seconds) == (1, 3, 2.5)
    assert snapshot(root).age_seconds == 12.5


def test_a_snapshot_is_taken_without_asking_even_a_stuck_supervisor(bench: Bench) -> None:
    """Ours: a snapshot never waits, and a stuck process is in it like the others."""
    root = bench.supervisor("a", "b")

    with stuck(root), stuck(bench.find("a")):
        names = [info.name for info in snapshot(root).walk()]

    assert names == ["supervisor", "a", "b"]


def test_a_child_that_does_not_run_is_shown_with_its_state(bench: Bench) -> None:
    """Ours: a snapshot shows what is stopped, and what is about to be restarted."""
    root = bench.supervisor(bench.spec("a", backoff=Backoff()), "b")
    bench.find("a").kill()
    bench.settle()
    root.call(TerminateChild("b"))

    assert snapshot(root).children == (
        ProcessInfo(name="a", kind="Puppet", state="restarting"),
        ProcessInfo(name="b", kind="Puppet", state="stopped"),
    )


def test_a_dynamic_supervisors_children_are_shown(bench: Bench) -> None:
    """Ours: a snapshot shows children that were added."""
    root = bench.start(DynamicSupervisor())
    child = root.call(StartChild(bench.spec("a")))

    assert [(info.name, info.pid) for info in snapshot(root).children] == [("a", child.pid)]


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_dead_process_is_shown_as_stopped(bench: Bench, end: str) -> None:
    """Ours: a snapshot of a dead process says so."""
    ref = bench.start(Puppet())

    getattr(ref, end)()

    assert snapshot(ref).state == "stopped"


def test_a_stack_shows_where_a_process_is_the_innermost_first(bench: Bench) -> None:
    """Ours: where a process is can be seen without stopping it, as process_info's current_stacktrace tells it."""
    ref = bench.puppet("a")

    def functions_in_its_wait() -> list[str]:
        found = [frame.rpartition(":in ")[2] for frame in stack(ref)]
        return found if found[0].startswith("Condition.wait") else []

    with stuck(ref):  # it says that it is inside before it waits
        functions = eventually(functions_in_its_wait, "process in its wait")
    assert "Process._otp_receive" in functions
    assert functions[-1].startswith("Thread._bootstrap")


def test_a_process_that_has_ended_has_no_stack(bench: Bench) -> None:
    """Ours: a process that has ended is nowhere."""
    ref = bench.puppet("a")
    ref.stop()
    assert stack(ref) == ()


def test_where_a_coroutine_waits_is_shown_the_innermost_first() -> None:
    """Ours: a coroutine that waits can be seen without resuming it; one that runs is where its thread is."""

    class Pause:
        def __await__(self):
            yield

    async def inner() -> None:
        await Pause()
        seen.append(coroutine_stack(waiting))

    async def outer() -> None:
        await inner()

    seen: list[tuple[str, ...]] = []
    waiting = outer()
    waiting.send(None)
    functions = [frame.rpartition("<locals>.")[2] for frame in coroutine_stack(waiting)]
    with pytest.raises(StopIteration):
        waiting.send(None)

    assert functions == ["inner", "outer"]
    assert seen == [()]
    assert coroutine_stack(waiting) == ()


def test_frames_are_taken_without_the_garbage_collector_which_is_as_before_afterwards(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Python: what is collected while it looks at all threads may want the lock that it holds, for ever."""
    was_enabled = []
    monkeypatch.setattr(sys, "_current_frames", lambda: was_enabled.append(gc.isenabled()) or {})

    assert current_frames() == {}
    assert (was_enabled, gc.isenabled()) == ([False], True)

"""A server whose thread runs an asyncio loop: tasks and messages beside each other."""

from __future__ import annotations

import asyncio
import queue
import sys
import threading
from collections.abc import Callable

import pytest
from support.loopers import Looper, Spawn, never
from support.processes import WAIT, Ask, Bench, Do, crash, word

from verk_actors.otp import Down, Server, Shutdown, Stop
from verk_actors.otp.event_loop import run_alone

pytestmark = pytest.mark.usefixtures("asyncio_debug")


@pytest.fixture
def looper(bench: Bench) -> Looper:
    """Start a looper."""
    server = Looper("looper", bench.notes)
    bench.start(server, name="looper")
    return server


def test_tasks_run_beside_each_other_and_beside_messages(looper: Looper) -> None:
    """Ours: a LoopServer's tasks run while it waits for messages, on its own thread."""
    doors = [asyncio.Event() for _ in range(3)]

    async def one_of_three(number: int) -> tuple[int, threading.Thread]:
        await doors[number].wait()
        return number, threading.current_thread()

    for number in range(3):
        looper.actor_ref.tell(Spawn(one_of_three(number)))
    for number in (1, 2, 0):
        looper.actor_ref.tell(Do(lambda _, number=number: doors[number].set()))

        assert looper.ends.get(timeout=WAIT) == (number, looper.actor_ref.thread)


@pytest.mark.slow  # a race is looked for in many tries
def test_no_message_is_slept_over_by_a_loop(looper: Looper) -> None:
    """Ours: a message that comes while the wait is being set up ends it."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for n in range(500):
            looper.actor_ref.tell(Do(lambda me, n=n: me.ends.put(n)))
            assert looper.ends.get(timeout=WAIT / 2) == n
    finally:
        sys.setswitchinterval(interval)


def test_a_server_with_tasks_counts_as_idle(bench: Bench, looper: Looper) -> None:
    """Ours: settle does not wait for tasks."""
    looper.actor_ref.tell(Spawn(never(looper)))

    bench.settle()

    assert looper.actor_ref.call(Ask(lambda me: me.name)) == "looper"


def test_timers_run_beside_tasks(bench: Bench, looper: Looper) -> None:
    """erlang(3): send_after/3 is a message like others."""
    looper.actor_ref.tell(Spawn(never(looper)))
    looper.actor_ref.tell(Do(lambda me: me.send_after(5, Do(lambda me: me.notes.append("rang")))))

    bench.advance(5)

    assert bench.noted() == ["+looper", "rang"]


@pytest.mark.parametrize("end", ["stop", "exit", "kill"])
def test_the_end_of_the_server_cancels_its_tasks(
    bench: Bench, looper: Looper, end: str, let_begin: Callable[[Looper], None]
) -> None:
    """Ours: stop, exit signals and kill end the tasks of a LoopServer, and its thread."""
    ref = looper.actor_ref
    for _ in range(2):
        ref.tell(Spawn(never(looper)))
    let_begin(looper)

    getattr(ref, end)()

    assert ref.join(WAIT)
    ref.join_thread(WAIT)
    assert [looper.ends.get_nowait() for _ in range(4)] == ["cancelled", "cancelled", None, None]
    assert looper.ends.empty()
    assert bench.abandoned() == []
    assert looper.ending == ref.reason


def test_a_task_can_be_cancelled_from_any_thread_and_at_any_time(bench: Bench, looper: Looper) -> None:
    """Ours: spawn returns what cancels the task."""
    cancel = looper.actor_ref.call(Ask(lambda me: me.spawn(never(me), me.ends.put)))

    cancel()

    assert [looper.ends.get(timeout=WAIT) for _ in range(2)] == ["cancelled", None]
    looper.actor_ref.stop()
    cancel()


def test_terminate_is_called_before_tasks_are_cancelled(
    bench: Bench, looper: Looper, let_begin: Callable[[Looper], None]
) -> None:
    """Ours: terminate may still use the tasks."""
    looper.actor_ref.tell(Spawn(never(looper, lambda: looper.notes.append("cancelled"))))
    let_begin(looper)

    looper.actor_ref.stop()

    assert bench.noted() == ["+looper", "-looper normal", "cancelled"]


@pytest.mark.logs_errors("looper crashed")
@pytest.mark.parametrize("error", [ValueError(), SystemExit(3), asyncio.InvalidStateError()], ids=repr)
def test_a_task_that_raises_crashes_the_server(bench: Bench, looper: Looper, error: BaseException) -> None:
    """Ours: a task of a LoopServer is part of it: what it raises is the reason of the end."""

    class Watcher(Server):
        def init(self) -> None:
            self.monitor(looper.actor_ref)

        def handle_down(self, down: Down) -> None:
            bench.notes.append(f"down: {word(down.reason)}")

    async def fails() -> None:
        await asyncio.sleep(0)
        raise error

    bench.start(Watcher())
    looper.actor_ref.tell(Spawn(never(looper)))
    looper.actor_ref.tell(Spawn(fails()))

    assert looper.actor_ref.join(WAIT)
    name = type(error).__name__.lower()
    assert bench.noted() == ["+looper", f"-looper {name}", f"down: {name}"]
    assert [looper.ends.get_nowait() for _ in range(2)] == ["cancelled", None]


def test_the_end_of_a_task_may_end_the_server(bench: Bench, looper: Looper) -> None:
    """Ours: a Stop is heeded where a task's end is told, too."""

    def stop(_: object) -> None:
        raise Stop(Shutdown("enough"))

    looper.actor_ref.tell(Do(lambda me: me.spawn(asyncio.sleep(0), stop)))

    assert looper.actor_ref.join(WAIT)
    assert looper.actor_ref.reason == Shutdown("enough")


@pytest.mark.logs_errors("looper crashed")
def test_a_crash_of_a_handler_cancels_the_tasks(looper: Looper, let_begin: Callable[[Looper], None]) -> None:
    """Ours: at any end the tasks end."""
    looper.actor_ref.tell(Spawn(never(looper)))
    let_begin(looper)

    looper.actor_ref.tell(crash())

    assert looper.actor_ref.join(WAIT)
    assert [looper.ends.get_nowait() for _ in range(2)] == ["cancelled", None]


@pytest.mark.logs_errors("ends badly crashed")
def test_tasks_end_where_terminate_raises(bench: Bench, let_begin: Callable[[Looper], None]) -> None:
    """Ours: at any end the tasks end."""

    def fails() -> None:
        raise ValueError

    looper = Looper("ends badly", on_terminate=fails)
    bench.start(looper, name="ends badly")
    looper.actor_ref.tell(Spawn(never(looper)))
    let_begin(looper)

    looper.actor_ref.stop()

    assert [looper.ends.get_nowait() for _ in range(2)] == ["cancelled", None]


def test_a_coroutine_may_be_run_alone() -> None:
    """Ours: for a thread without a loop there is one for a while; what is left in it is cancelled."""
    ends: queue.Queue[object] = queue.Queue()

    async def leaves_something() -> str:
        left = asyncio.create_task(asyncio.sleep(1000))
        left.add_done_callback(lambda task: ends.put(task.cancelled()))
        await asyncio.sleep(0)
        return "done"

    assert run_alone(leaves_something()) == "done"
    assert ends.get_nowait() is True

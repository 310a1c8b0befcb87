"""What tasks of a LoopServer do that they should not: the loop goes on, and ends when it is told to."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import AsyncIterator, Callable

import pytest
from support.descriptors import descriptors
from support.loopers import Looper, Spawn, never
from support.processes import WAIT, Ask, Bench, Do, Oops

from verk_actors.otp import NameTaken, StartError

pytestmark = pytest.mark.usefixtures("asyncio_debug")


class Impatient(Looper):
    """A looper that waits for its tasks no longer than for what is ready."""

    cancel_seconds = 0.0


@pytest.fixture
def looper(bench: Bench) -> Looper:
    """Start a looper."""
    server = Looper("looper", bench.notes)
    bench.start(server, name="looper")
    return server


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt])
def test_a_task_that_a_task_started_can_not_end_the_loop(looper: Looper, error: type[BaseException]) -> None:
    """Python: SystemExit in any task is thrown out of the loop; here it is that task's, and those that await it."""

    async def exits() -> None:
        raise error

    async def awaits_it() -> str:
        try:
            await asyncio.create_task(exits())
        except error:
            return "heard of it"
        return "heard nothing"

    looper.actor_ref.tell(Spawn(awaits_it()))

    assert looper.ends.get(timeout=WAIT) == "heard of it"
    assert looper.loop_errors.get(timeout=WAIT) == ("raised in a task", error.__name__)
    assert looper.actor_ref.call(Ask(lambda me: me.name)) == "looper"


def test_a_task_may_stop_the_loop_in_vain(looper: Looper) -> None:
    """Python: any callback may stop its loop; here it is turned on."""

    async def stops() -> str:
        asyncio.get_running_loop().stop()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return "went on"

    looper.actor_ref.tell(Spawn(stops()))

    assert looper.ends.get(timeout=WAIT) == "went on"


def test_the_error_of_a_task_that_nobody_awaits_is_told(looper: Looper) -> None:
    """Python: asyncio hands errors that nobody hears of to a handler; here a hook of the server."""

    async def fails() -> None:
        raise Oops

    async def forgets_it() -> None:
        asyncio.create_task(fails())  # noqa: RUF006
        await asyncio.sleep(0)

    looper.actor_ref.tell(Spawn(forgets_it()))

    assert looper.loop_errors.get(timeout=WAIT) == ("Task exception was never retrieved", "Oops")


@pytest.mark.logs_errors("looper: Task exception was never retrieved: Oops()")
def test_such_an_error_goes_to_the_log(bench: Bench) -> None:
    """Ours: a hook that is not overridden writes it to the log."""

    class Plain(Looper):
        def handle_loop_error(self, what: str, error: BaseException | None) -> None:
            super(Looper, self).handle_loop_error(what, error)
            self.ends.put("logged")

    async def fails() -> None:
        raise Oops

    async def forgets_it() -> None:
        asyncio.create_task(fails())  # noqa: RUF006
        await asyncio.sleep(0)

    plain = Plain("looper")
    bench.start(plain, name="looper").tell(Spawn(forgets_it()))

    assert {plain.ends.get(timeout=WAIT) for _ in range(2)} == {"logged", None}


async def ignores_cancellation(looper: Looper) -> None:
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            looper.ends.put("ignored")


@pytest.mark.logs_errors("1 tasks did not end when they were cancelled, and were dropped")
@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_task_that_ignores_its_cancellation_is_dropped(
    bench: Bench, end: str, let_begin: Callable[[Looper], None]
) -> None:
    """Ours: the thread of a LoopServer ends whatever its tasks do, and they never run again."""
    looper = Impatient("looper")
    ref = bench.start(looper, name="looper")
    ref.tell(Spawn(ignores_cancellation(looper)))
    let_begin(looper)

    getattr(ref, end)()

    ref.join_thread(WAIT)
    assert ref.thread is not None
    assert not ref.thread.is_alive()
    assert [looper.ends.get_nowait() for _ in range(2)] == ["ignored", None]
    assert looper.ends.empty()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # of the one that ignores everything
@pytest.mark.logs_errors("1 tasks did not end when they were cancelled, and were dropped")
def test_a_task_that_can_not_even_be_dropped_is_told_of(bench: Bench, let_begin: Callable[[Looper], None]) -> None:
    """Python: a coroutine may ignore GeneratorExit, too."""

    class Stubborn:
        def __await__(self):
            while True:
                try:
                    yield
                except BaseException:
                    looper.ends.put("ignored")

    async def is_stubborn() -> None:
        await stubborn

    stubborn = Stubborn()
    looper = Impatient("looper")
    ref = bench.start(looper, name="looper")
    ref.tell(Spawn(is_stubborn()))
    let_begin(looper)

    ref.stop()

    assert looper.loop_errors.get_nowait() == ("a task was dropped", "RuntimeError")


def test_a_task_may_await_while_it_is_cancelled(looper: Looper, let_begin: Callable[[Looper], None]) -> None:
    """Ours: tasks that heed their cancellation have the time to tidy up."""

    async def tidies_up() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.001)
            looper.ends.put("tidy")

    looper.actor_ref.tell(Spawn(tidies_up()))
    let_begin(looper)

    looper.actor_ref.stop()

    assert [looper.ends.get_nowait() for _ in range(2)] == ["tidy", None]


def test_tasks_that_tasks_left_behind_are_cancelled_too(bench: Bench, looper: Looper) -> None:
    """Ours: at the end of a LoopServer nothing is left in its loop."""
    left = []

    async def leaves_one() -> str:
        left.append(asyncio.create_task(never(looper)))
        return "left one"

    looper.actor_ref.tell(Spawn(leaves_one()))
    assert looper.ends.get(timeout=WAIT) == "left one"
    bench.settle()

    looper.actor_ref.stop()

    assert looper.ends.get_nowait() == "cancelled"


def test_asynchronous_generators_are_closed_at_the_end(looper: Looper) -> None:
    """Python: a generator that was not used up is to be closed before its loop is."""
    left = []

    async def numbers() -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            await asyncio.sleep(0)
            looper.ends.put("closed")

    async def takes_one() -> int:
        left.append(numbers())
        return await anext(left[0])

    looper.actor_ref.tell(Spawn(takes_one()))
    assert looper.ends.get(timeout=WAIT) == 1

    looper.actor_ref.stop()

    assert looper.ends.get_nowait() == "closed"


def test_a_loop_that_is_blocked_can_not_be_killed(bench: Bench, looper: Looper) -> None:
    """Python: no thread can be killed; that of a killed LoopServer ends at its next await."""
    door, inside = threading.Event(), threading.Event()

    async def blocks() -> None:
        inside.set()
        door.wait()
        await never(looper)

    ref = looper.actor_ref
    ref.tell(Spawn(blocks()))
    assert inside.wait(WAIT)

    ref.kill()

    assert bench.abandoned() == ["looper"]
    door.set()
    ref.join_thread(WAIT)
    assert [looper.ends.get_nowait() for _ in range(2)] == ["cancelled", None]
    assert bench.abandoned() == []


def test_an_init_that_fails_cancels_the_tasks_it_started(bench: Bench) -> None:
    """Ours: a LoopServer may start tasks in its init."""

    class FailsLate(Looper):
        def init(self) -> None:
            self.spawn(never(self), self.ends.put)
            raise Oops

    looper = FailsLate("looper")

    with pytest.raises(StartError):
        bench.start(looper)

    looper.actor_ref.join_thread(WAIT)
    assert looper.ends.get_nowait() is None  # cancelled before it began


def test_what_a_thread_of_the_loop_does_holds_up_no_end(looper: Looper) -> None:
    """Python: asyncio.to_thread runs in threads that nobody can end; the server's end does not wait for them."""
    door: queue.Queue[object] = queue.Queue()

    async def in_a_thread() -> None:
        looper.ends.put("began")
        await asyncio.to_thread(door.get)

    looper.actor_ref.tell(Spawn(in_a_thread()))
    assert looper.ends.get(timeout=WAIT) == "began"

    looper.actor_ref.stop()

    door.put(None)
    assert looper.ends.get_nowait() is None


def test_a_loop_server_leaves_no_descriptor(bench: Bench) -> None:
    """Ours: a LoopServer gives back its loop and its pipe, whether it was stopped, killed or never ran."""
    bench.puppet("taken")
    before = descriptors()

    for end in ("stop", "kill"):
        ref = bench.start(Looper())
        ref.tell(Do(bool))
        bench.settle()
        getattr(ref, end)()
        ref.join_thread(WAIT)
    with pytest.raises(NameTaken):
        bench.start(Looper(), name="taken")

    assert descriptors() <= before

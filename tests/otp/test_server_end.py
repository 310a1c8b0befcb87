"""How a server ends: `terminate`, the reason, and `stop`."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

import pytest
from support.processes import WAIT, Ask, Bench, Do, Oops, Puppet, Trapper, crash, stuck, word

from verk_actors.otp import KILLED, NORMAL, SHUTDOWN, Cast, Exit, Ref, Shutdown, Stop
from verk_actors.otp.errors import CallsItself

ENDS: dict[str, tuple[Callable[[Ref], object], str]] = {
    "Pykka's stop": (lambda ref: ref.stop(), "normal"),
    "a Stop": (lambda ref: ref.tell(crash(Stop(Shutdown("done")))), "shutdown"),
    "an exit signal": (lambda ref: ref.exit(SHUTDOWN), "shutdown"),
    "its parent's end": (lambda ref: ref.tell(Exit(ref.parent, NORMAL)), "normal"),
}


@pytest.mark.parametrize("end", ENDS)
def test_terminate_is_called_at_the_end_with_the_reason(bench: Bench, end: str) -> None:
    """gen_server(3): terminate is called when the server is about to end, with the reason.

    Differs: also where the process does not trap exits, since Python has sockets to close.
    """
    parent = bench.puppet("parent", trap_exit=True)
    ref = bench.puppet("child", parent=parent)
    act, reason = ENDS[end]

    act(ref)

    assert ref.join(WAIT)
    assert f"-child {reason}" in bench.noted()
    assert word(ref.reason) == reason


@pytest.mark.logs_errors("puppet crashed")
def test_terminate_is_called_after_a_crash(bench: Bench) -> None:
    """gen_server(3): terminate is called with the error where a callback failed."""
    ref = bench.puppet()

    bench.tell("puppet", crash())

    assert bench.noted() == ["+puppet", "-puppet oops"]
    assert word(ref.reason) == "oops"


def test_terminate_is_not_called_in_a_process_that_is_killed(bench: Bench) -> None:
    """gen_server(3): terminate is not called under brutal_kill."""
    ref = bench.puppet()

    ref.kill()

    assert bench.noted() == ["+puppet"]
    assert ref.reason == KILLED


def test_a_process_killed_while_it_works_calls_nothing_when_it_comes_back(bench: Bench) -> None:
    """Ours: the thread of a killed process ends when its call returns, without terminate and further messages."""
    ref = bench.puppet()
    with stuck(ref):
        ref.tell(Do(lambda me: me.notes.append("never")))
        ref.kill()

    assert ref.thread is not None
    ref.thread.join(WAIT)
    assert bench.noted() == ["+puppet"]


@pytest.mark.parametrize("end", [Ref.stop, Ref.kill])
def test_what_a_process_owns_is_closed_when_its_thread_ends(bench: Bench, end: Callable[[Ref], object]) -> None:
    """Ours: what a process owns is closed when its thread ends, as Erlang's ports are, also where it was killed.

    The socket of a killed actor once stayed open until Python collected its garbage.
    """
    ref = bench.puppet()
    owned = socket.socket()
    assert ref.call(Ask(lambda me: me.own(owned))) is owned

    end(ref)

    ref.join_thread(WAIT)
    assert owned.fileno() < 0


@pytest.mark.logs_errors("puppet crashed")
@pytest.mark.parametrize("error", [Oops, SystemExit])
def test_an_error_in_terminate_is_the_reason_of_the_end(bench: Bench, error: type[BaseException]) -> None:
    """gen_server(3): a terminate that fails makes its error the exit reason."""

    def fail() -> None:
        raise error

    ref = bench.start(Puppet(on_terminate=fail), name="puppet")

    assert ref.stop(timeout=WAIT)

    assert word(ref.reason) == error.__name__.lower()


def test_terminate_may_give_another_reason_for_the_end(bench: Bench) -> None:
    """gen_server(3): a terminate that exits with a reason makes it the exit reason."""

    def stop() -> None:
        raise Stop(Shutdown("not all was tidied up"))

    ref = bench.start(Puppet(on_terminate=stop))

    assert ref.stop(timeout=WAIT)

    assert ref.reason == Shutdown("not all was tidied up")


@pytest.mark.logs_errors("puppet crashed")
def test_a_crash_is_logged_with_its_traceback(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    """gen_server(3): a server that ends with another reason than normal or shutdown is reported."""
    bench.puppet()

    bench.tell("puppet", crash())

    (record,) = caplog.records
    assert record.getMessage() == "puppet crashed: Oops()"
    assert record.exc_info is not None


def test_a_graceful_end_is_not_logged(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    """gen_server(3): ends with normal, shutdown or {shutdown, Term} are not reported as errors."""
    for reason in (NORMAL, SHUTDOWN, Shutdown("because")):
        bench.puppet().tell(crash(Stop(reason)))
        bench.settle()

    assert caplog.records == []


def test_stop_lets_the_messages_before_it_be_handled(bench: Bench) -> None:
    """gen_server(3): stop/1 is a message, behind those in the queue.

    Pykka: stop is queued behind the backlog.
    """
    ref = bench.puppet()
    with stuck(ref):
        for n in range(3):
            ref.tell(Do(lambda me, n=n: me.notes.append(str(n))))
        stopped = ref.stop(block=False)

    assert stopped.get(timeout=WAIT) is True
    assert bench.noted() == ["+puppet", "0", "1", "2", "-puppet normal"]


def test_stop_returns_when_the_thread_has_ended(bench: Bench) -> None:
    """Ours: after stop nothing of the process runs."""
    ref = bench.puppet()

    assert ref.stop() is True

    assert ref.thread is not None
    assert not ref.thread.is_alive()


def test_stopping_a_dead_process_answers_false(bench: Bench) -> None:
    """Pykka: stop returns False where the actor was dead already."""
    ref = bench.puppet()
    ref.stop()

    assert ref.stop() is False
    assert ref.stop(block=False).get(timeout=WAIT) is False


@pytest.mark.logs_errors("puppet crashed")
def test_a_process_that_waits_for_its_own_end_is_told_so(bench: Bench) -> None:
    """gen_server(3): a server that stops itself by a call fails with calling_self."""
    ref = bench.puppet()

    with pytest.raises(CallsItself):
        ref.call(Ask(lambda me: me.actor_ref.stop()))


def test_who_waits_for_a_stop_is_answered_when_the_process_is_killed_meanwhile(bench: Bench) -> None:
    """Ours: a kill is an end too, for whoever asked for one."""
    inside, out = threading.Event(), threading.Event()
    ref = bench.start(Puppet(on_terminate=lambda: inside.set() or out.wait()))
    stopped = ref.stop(block=False)
    assert inside.wait(WAIT)

    ref.kill()

    assert stopped.get(timeout=WAIT) is True
    out.set()


def test_a_process_killed_in_terminate_was_killed(bench: Bench) -> None:
    """Ours: the first to end a process gives the reason, its own thread or a killer."""
    inside, out = threading.Event(), threading.Event()
    ref = bench.start(Puppet(on_terminate=lambda: inside.set() or out.wait()))
    ref.exit()
    assert inside.wait(WAIT)

    ref.kill()
    out.set()
    assert ref.thread is not None
    ref.thread.join(WAIT)

    assert ref.reason == KILLED


def test_an_error_that_cannot_even_be_logged_ends_the_process_like_any_other(bench: Bench) -> None:
    """Ours: nothing that is raised on a process's thread leaves the thread dead and the process alive."""

    class Careless(Oops):
        def __repr__(self) -> str:
            raise SystemExit

    ref = bench.puppet()

    bench.tell("puppet", crash(Careless()))

    assert ref.join(WAIT)
    assert not ref.is_alive()


def test_a_trapping_process_ends_after_what_came_before_the_shutdown(bench: Bench) -> None:
    """gen_server(3): an exit signal of the parent is a message to a process that traps exits."""
    parent = bench.puppet("parent", trap_exit=True)
    ref = bench.start(Trapper("child", bench.notes), name="child", parent=parent)
    with stuck(ref):
        ref.tell(Do(lambda me: me.notes.append("before")))
        ref.exit(SHUTDOWN, parent)
        ref.tell(Do(lambda me: me.notes.append("after")))

    assert bench.noted() == ["+parent", "+child", "before", "-child shutdown", "parent hears of child: shutdown"]


def test_messages_are_handled_until_the_end_and_not_after(bench: Bench) -> None:
    """gen_server(3): a server that stops handles no further message."""
    ref = bench.puppet()
    with stuck(ref):
        ref.tell(crash(Stop(NORMAL)))
        ref.tell(Do(lambda me: me.notes.append("after")))

    assert bench.noted() == ["+puppet", "-puppet normal"]
    assert ref.cast(Cast()) is False

"""Timers: messages to oneself, later."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from support.eventually import eventually
from support.processes import WAIT, Ask, Bench, Do, Puppet, stuck

from verk_actors.otp import Ref, Runtime, Timer, start_link
from verk_actors.otp.clock import SystemClock
from verk_actors.otp.testing import ManualClock
from verk_actors.otp.timers import Timers


def send_after(ref: Ref, seconds: float, note: str) -> Timer:
    message = Do(lambda me: me.notes.append(note))
    timer: Any = ref.call(Ask(lambda me: me.send_after(seconds, message)))
    assert isinstance(timer, Timer)
    return timer


def test_a_message_comes_when_its_time_has_passed_and_not_before(bench: Bench) -> None:
    """erlang(3): send_after delivers the message after the time, not before."""
    ref = bench.puppet()
    send_after(ref, 10.0, "ring")

    bench.advance(9.999)
    assert bench.noted() == ["+puppet"]

    bench.advance(0.001)
    assert bench.noted() == ["ring"]


def test_messages_come_in_the_order_of_their_times(bench: Bench) -> None:
    """erlang(3): timers expire in the order of their times, not of their setting."""
    ref = bench.puppet()
    for seconds, note in ((3, "c"), (1, "a"), (2, "b"), (1, "a, set later")):
        send_after(ref, seconds, note)

    bench.advance(5)

    assert bench.noted() == ["+puppet", "a", "a, set later", "b", "c"]


def test_a_timer_of_no_time_is_due_at_once(bench: Bench) -> None:
    """erlang(3): send_after takes a time of 0.

    At the very start of a manual clock it once never ran, since a due time of 0.0 looked like no timer.
    """
    send_after(bench.puppet(), 0.0, "ring")

    bench.advance(0.0)

    assert bench.noted() == ["+puppet", "ring"]


def test_a_cancelled_timer_sends_nothing(bench: Bench) -> None:
    """erlang(3): cancel_timer cancels a timer that has not expired."""
    timer = send_after(bench.puppet(), 1.0, "ring")

    timer.cancel()
    bench.advance(2.0)

    assert bench.noted() == ["+puppet"]


def test_cancelling_too_late_changes_nothing(bench: Bench) -> None:
    """erlang(3): cancel_timer of an expired timer is no error, and its message may be in the queue already."""
    ref = bench.puppet()
    timer = send_after(ref, 1.0, "ring")
    with stuck(ref):
        bench.clock.move_to(1.0)
        bench.timers.run_due()
        timer.cancel()

    assert bench.noted() == ["+puppet", "ring"]
    timer.cancel()


def test_the_timers_of_a_dead_process_reach_nobody(bench: Bench) -> None:
    """erlang(3): a timer to a process that is dead when it expires is lost."""
    ref = bench.puppet("a")
    send_after(ref, 1.0, "ring")
    ref.stop()
    bench.puppet("a")

    bench.advance(2.0)

    assert bench.noted() == ["+a", "-a normal", "+a"]


def test_a_timer_may_set_the_next_one(bench: Bench) -> None:
    """Ours: advance runs timers that are set by what it runs, as long as they are due."""
    ref = bench.puppet()

    def tick(me: Puppet) -> None:
        me.notes.append(f"{me.clock.monotonic():.0f}")
        me.send_after(1.0, Do(tick))

    ref.tell(Do(tick))
    bench.advance(3.0)

    assert bench.noted() == ["+puppet", "0", "1", "2", "3"]


def test_with_the_machines_clock_a_timer_runs_by_itself() -> None:
    """erlang(3): send_after delivers without anybody waiting for it."""
    runtime, rang = Runtime("real"), threading.Event()
    ref = start_link(Puppet(), runtime=runtime)

    ref.call(Ask(lambda me: me.send_after(0.001, Do(lambda _: rang.set()))))

    assert rang.wait(WAIT)
    ref.stop()
    runtime.close()


def test_the_timers_of_a_server_outside_a_tree_end_with_it() -> None:
    """Ours: Server.start makes a runtime that ends with the server, and its timers with it."""
    ref = Puppet.start()
    ref.call(Ask(lambda me: me.send_after(3600.0, Do(bool))))
    thread = ref.runtime.timers._thread
    assert thread is not None

    ref.stop()

    thread.join(WAIT)  # it was told to end, and waited for no longer than a second
    assert not thread.is_alive()


def test_an_earlier_timer_wakes_a_timer_thread_that_waits_for_a_later_one() -> None:
    """erlang(3): timers expire in the order of their times, not of their setting."""
    timers, rang = Timers(SystemClock()), threading.Event()
    timers.after(3600.0, lambda: None)
    eventually(lambda: timers._changed._waiters, "waiting thread")  # type: ignore[attr-defined]

    timers.after(0.001, rang.set)

    assert rang.wait(WAIT)
    timers.close()


def test_closed_timers_run_nothing_and_leave_no_thread() -> None:
    """Ours: the timers of a runtime end with it."""
    timers, ran = Timers(SystemClock()), []
    timers.after(3600.0, lambda: ran.append("before"))
    timers.close()

    late = timers.after(0.0, lambda: ran.append("after"))

    assert late.action is None
    assert timers.next_due() is None
    assert timers.run_due() == 0
    assert ran == []


@pytest.mark.parametrize("cancelled", [0, 1, 2])
def test_the_next_due_time_is_that_of_a_timer_not_cancelled(cancelled: int) -> None:
    """Ours: whoever moves the clock learns how far, and cancelled timers do not count."""
    timers = Timers(ManualClock(), threaded=False)
    made = [timers.after(seconds, lambda: None) for seconds in (1.0, 2.0)]
    for timer in made[:cancelled]:
        timer.cancel()

    assert timers.next_due() == [1.0, 2.0, None][cancelled]

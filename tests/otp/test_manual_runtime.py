"""The test kit: time that passes when told, and quiet as a fact."""

from __future__ import annotations

import threading

import pytest
from support.processes import WAIT, Ask, Bench, Do, Puppet, stuck

from verk_actors.otp import Ref, StartError, start_link
from verk_actors.otp.testing import ManualRuntime


def test_an_hour_of_polling_needs_no_waiting(bench: Bench) -> None:
    """Ours: advance runs 720 polls of an hour one after another, and time is what the polls see."""

    polls: list[float] = []

    def poll(me: Puppet) -> None:
        polls.append(me.clock.monotonic())
        me.send_after(5.0, Do(poll))

    bench.puppet().tell(Do(lambda me: me.send_after(5.0, Do(poll))))

    bench.advance(3600.0)

    assert polls == [5.0 * n for n in range(1, 721)]


def test_settle_waits_for_messages_that_cause_messages(bench: Bench) -> None:
    """Ours: settle returns when no message is in flight and no process is busy."""
    ring = [bench.puppet(name) for name in "abc"]

    def pass_on(left: int) -> Do:
        def hop(me: Puppet) -> None:
            me.notes.append(str(left))
            if left:
                ring[left % 3].tell(pass_on(left - 1))

        return Do(hop)

    ring[0].tell(pass_on(100))
    bench.settle()

    assert bench.notes[3:] == [str(n) for n in range(100, -1, -1)]


def test_settle_gives_up_on_a_process_that_stays_busy(bench: Bench) -> None:
    """Ours: settle raises TimeoutError rather than wait for ever."""
    with stuck(bench.puppet()), pytest.raises(TimeoutError, match=r"still busy after 0\.01 s"):
        bench.settle(timeout=0.01)


@pytest.mark.parametrize("where", ["a handler", "init", "terminate"])
def test_a_killed_process_is_not_busy_whatever_its_thread_is_stuck_in(bench: Bench, where: str) -> None:
    """Ours: what a killed process is stuck in concerns nobody, settle included."""
    inside, out = threading.Event(), threading.Event()

    def block() -> None:
        inside.set()
        out.wait()

    server = Puppet(**{"init": {"on_init": block}, "terminate": {"on_terminate": block}}.get(where, {}))
    starter = threading.Thread(target=_start_quietly, args=(bench, server))
    starter.start()
    if where == "a handler":
        starter.join()
        server.actor_ref.tell(Do(lambda _: block()))
    elif where == "terminate":
        starter.join()
        server.actor_ref.exit()
    assert inside.wait(WAIT)

    server.actor_ref.kill()
    bench.settle()

    out.set()
    starter.join()
    assert server.actor_ref.thread is not None
    server.actor_ref.thread.join(WAIT)
    bench.settle()


def test_the_thread_of_a_killed_process_that_comes_back_unsettles_nothing(bench: Bench) -> None:
    """Ours: a message counts once, whoever is done with it."""
    killed, other = bench.puppet("killed"), bench.puppet("other")
    with stuck(killed):
        killed.kill()
        with stuck(other) as release:
            with pytest.raises(TimeoutError):
                bench.settle(timeout=0.001)
            release.set()
        bench.settle()

    assert killed.thread is not None
    killed.thread.join(WAIT)
    with stuck(other), pytest.raises(TimeoutError):
        bench.settle(timeout=0.001)


def test_advancing_settles_between_the_moments(bench: Bench) -> None:
    """Ours: what happens at one moment has happened before the next."""
    a, b = bench.puppet("a"), bench.puppet("b")
    note_at = Do(lambda me: me.notes.append(f"{me.name} at {me.clock.monotonic():.0f}"))
    a.call(Ask(lambda me: me.send_after(1.0, Do(lambda _: b.tell(note_at)))))
    b.call(Ask(lambda me: me.send_after(2.0, note_at)))

    bench.advance(10.0)

    assert bench.noted() == ["+a", "+b", "b at 1", "b at 2"]
    assert bench.clock.monotonic() == 10.0
    assert bench.clock.time() == 1_700_000_010.0


def test_an_observer_sees_who_sends_what_to_whom() -> None:
    """Ours: a trace tells of each message its sender, its receiver and itself."""
    seen: list[tuple[str, str, object]] = []
    runtime = ManualRuntime(observer=lambda *message: seen.append(message))
    a, b = (start_link(Puppet(name), runtime=runtime, name=name) for name in "ab")
    to_b = Do(bool)
    to_a = Do(lambda _: b.tell(to_b))

    a.tell(to_a)
    runtime.settle()

    assert seen == [("outside", "a", to_a), ("a", "b", to_b)]
    for ref in (a, b):
        ref.stop()


def _start_quietly(bench: Bench, server: Puppet) -> Ref | None:
    try:
        return bench.start(server)
    except StartError:
        return None  # killed in its init

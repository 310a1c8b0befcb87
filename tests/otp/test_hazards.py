"""What would go wrong with threads and stock Pykka, and does not here."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator

import pykka
import pytest
from support.processes import WAIT, Ask, Bench, Do, Puppet, crash, stuck

from verk_actors.otp import KILLED


class Stock(pykka.ThreadingActor):
    """An actor as Pykka has it."""

    def on_receive(self, message: object) -> object:
        return message


@pytest.fixture
def stock() -> Iterator[pykka.ActorRef[Stock]]:
    """Start an actor of Pykka's own."""
    ref = Stock.start()
    yield ref
    ref.stop()


@pytest.mark.logs_errors("a crashed")
@pytest.mark.parametrize("error", [SystemExit(1), KeyboardInterrupt(), GeneratorExit(), BaseException()], ids=repr)
def test_no_error_in_one_process_stops_another(
    bench: Bench, stock: pykka.ActorRef[Stock], error: BaseException
) -> None:
    """Pykka: a BaseException in one actor stops all actors of the interpreter. Here it crashes one process."""
    other = bench.puppet("b")
    supervisor = bench.supervisor("a")

    bench.tell("a", crash(error))

    assert bench.noted() == [f"-a {type(error).__name__.lower()}", "+a"]
    assert other.call(Ask(lambda _: "alive")) == "alive"
    assert stock.ask("alive") == "alive"
    assert supervisor.is_alive()


@pytest.mark.logs_errors("a crashed")
def test_a_system_exit_in_a_call_answers_the_caller(bench: Bench) -> None:
    """Pykka: who asks an actor that raises a BaseException waits for ever. Here the error is the answer."""
    a = bench.puppet("a")

    def leave(_: object) -> None:
        sys.exit(3)

    with pytest.raises(SystemExit):
        a.call(Ask(leave))


def test_a_stock_actor_that_exits_does_not_stop_our_processes(bench: Bench, stock: pykka.ActorRef[Stock]) -> None:
    """Pykka: a BaseException in a stock actor stops all actors in Pykka's registry; ours are not in it."""

    class Leaving(Stock):
        def on_receive(self, message: object) -> object:
            raise SystemExit

    ours, leaving = bench.puppet(), Leaving.start()

    leaving.tell("leave")
    assert stock.actor_stopped.wait(WAIT), "the first one in the registry is the last one that is stopped"

    assert ours.call(Ask(lambda _: "alive")) == "alive"


def test_pykkas_stop_all_leaves_us_alone(bench: Bench) -> None:
    """Pykka: ActorRegistry.stop_all stops all actors of the interpreter, in no tree's order; ours are not in it."""
    ours = bench.puppet()

    pykka.ActorRegistry.stop_all()

    assert ours.call(Ask(lambda _: "alive")) == "alive"
    assert ours not in pykka.ActorRegistry.get_all()


def test_a_process_stuck_in_user_code_is_abandoned_counted_and_replaced(bench: Bench) -> None:
    """Python: no thread can be ended. A stuck process that is killed is dead for all, named and replaced."""
    bench.supervisor("a")
    first = bench.find("a")
    with stuck(first):
        first.kill()
        bench.settle()

        second = bench.find("a")
        assert second.call(Ask(lambda me: me.name)) == "a"
        assert first.reason == KILLED
        assert bench.abandoned() == ["a"]
    assert first.thread is not None
    first.thread.join(WAIT)
    assert bench.abandoned() == []


def test_each_abandoned_thread_counts(bench: Bench) -> None:
    """Python: no thread can be ended; as many as are stuck are counted."""
    bench.supervisor("a")
    gates = []
    for _ in range(3):
        ref, inside, out = bench.find("a"), threading.Event(), threading.Event()
        ref.tell(Do(lambda _, inside=inside, out=out: inside.set() or out.wait()))
        assert inside.wait(WAIT)
        ref.kill()
        bench.settle()
        gates.append((ref, out))

    assert bench.abandoned() == ["a", "a", "a"]
    for ref, out in gates:
        out.set()
        assert ref.thread is not None
        ref.thread.join(WAIT)
    assert bench.abandoned() == []


def test_what_a_killed_process_still_does_reaches_others_as_from_a_dead_one(bench: Bench) -> None:
    """Ours: an abandoned thread is fenced; whoever hears from it sees that its process is dead."""
    killed, other = bench.puppet("killed"), bench.puppet("other")
    inside, out = threading.Event(), threading.Event()

    def late(me: Puppet) -> None:
        inside.set()
        out.wait()
        ref = me.actor_ref
        other.tell(Do(lambda you: you.notes.append(f"heard from one alive: {ref.is_alive()}")))

    killed.tell(Do(late))
    assert inside.wait(WAIT)
    killed.kill()
    out.set()
    assert killed.thread is not None
    killed.thread.join(WAIT)

    assert bench.noted() == ["+killed", "+other", "heard from one alive: False"]


def test_the_thread_of_a_killed_process_can_be_waited_for(bench: Bench) -> None:
    """Ours: who must not work beside a killed predecessor waits for its thread, for as long as it likes."""
    ref = bench.puppet()
    with stuck(ref):
        ref.kill()
        ref.join_thread(0.001)
        assert bench.abandoned() == ["puppet"]

    ref.join_thread(WAIT)

    assert bench.abandoned() == []

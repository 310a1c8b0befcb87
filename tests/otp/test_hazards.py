"""What would go wrong with threads and stock Pykka, and does not here."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator

import pykka
import pytest
from support.processes import WAIT, Ask, Bench, Do, Puppet, crash, stuck

from verk_actors.otp import KILLED, NORMAL, Ref, Runtime, Stop, Supervisor, start_link


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


def test_a_stock_actor_that_exits_does_not_stop_our_processes(bench: Bench) -> None:
    """Pykka: a BaseException in a stock actor stops all actors in Pykka's registry; ours are not in it."""

    class Leaving(Stock):
        def on_receive(self, message: object) -> object:
            raise SystemExit

    ours, leaving = bench.puppet(), Leaving.start()

    leaving.tell("leave")
    leaving.actor_stopped.wait(WAIT)

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


@pytest.fixture
def restless() -> Iterator[None]:
    """Have the interpreter switch threads as often as it can, which is where races show."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


END = {
    "stop": lambda ref: ref.stop(),
    "exit": lambda ref: ref.exit(),
    "kill": lambda ref: ref.kill(),
    "its own Stop": lambda ref: ref.cast(crash(Stop(NORMAL))),
}


@pytest.mark.slow  # a race is looked for in many tries
@pytest.mark.usefixtures("restless")
@pytest.mark.parametrize("end", END)
def test_no_call_is_lost_in_the_moment_of_a_death(end: str) -> None:
    """Pykka: an ask put into the inbox of an actor that has just drained it is never answered. Here all are."""
    lost: list[object] = []
    runtime = Runtime("race")

    def ask_until_it_is_dead(ref: Ref, ready: threading.Barrier) -> None:
        ready.wait(WAIT)
        try:
            while True:
                ref.ask(Ask(bool), timeout=WAIT)
        except pykka.ActorDeadError:
            return
        except BaseException as error:
            lost.append(error)

    for _ in range(150):
        ref, ready = start_link(Puppet(), runtime=runtime), threading.Barrier(4)
        threads = [threading.Thread(target=ask_until_it_is_dead, args=(ref, ready)) for _ in range(3)]
        for thread in threads:
            thread.start()
        ready.wait(WAIT)
        END[end](ref)
        for thread in [*threads, ref.thread]:
            thread.join(WAIT)
            assert not thread.is_alive()

    assert lost == []


@pytest.mark.slow  # a race is looked for in many tries
@pytest.mark.usefixtures("restless")
def test_the_thread_of_a_killed_process_always_comes_home() -> None:
    """Ours: what wakes a killed process's waiting thread is not swallowed by a sender who clears the dead inbox."""
    runtime, done = Runtime("race"), threading.Event()
    current: list[Ref] = [start_link(Puppet(), runtime=runtime)]

    def send() -> None:
        while not done.is_set():
            current[0].cast(Do(bool))

    senders = [threading.Thread(target=send) for _ in range(2)]
    for sender in senders:
        sender.start()
    killed = []
    for _ in range(200):
        current[0].kill()
        killed.append(current[0])
        current[0] = start_link(Puppet(), runtime=runtime)
    done.set()
    current[0].stop()
    for sender in senders:
        sender.join(WAIT)

    for ref in killed:
        assert ref.thread is not None
        ref.thread.join(WAIT)
    assert runtime.abandoned() == []


@pytest.mark.slow  # a race is looked for in many tries
@pytest.mark.usefixtures("restless")
def test_a_supervisor_keeps_its_children_through_a_hail_of_kills() -> None:
    """Ours: each death is handled once, however fast they follow each other."""

    class Patient(Supervisor):
        max_restarts = 10**9

    bench = Bench()
    supervisor = bench.start(Patient([bench.spec(name) for name in "abc"]))

    def hail(name: str) -> None:
        for _ in range(50):
            ref = bench.names.find(name)
            if ref is not None:
                ref.kill()

    threads = [threading.Thread(target=hail, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    bench.settle()

    assert [bench.find(name).call(Ask(lambda me: me.name)) for name in "abc"] == ["a", "b", "c"]
    assert [row.state for row in supervisor.children] == ["running"] * 3
    bench.end()
    assert bench.names.all() == {}

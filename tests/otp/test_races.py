"""Races: first each by itself, its moment held open, then many tries with as many thread switches as there can be."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator

import pykka
import pytest
from support.processes import WAIT, Ask, Bench, Do, Puppet, crash, stuck

from verk_actors.otp import NORMAL, Ref, Runtime, Stop, Supervisor, start_link
from verk_actors.otp.testing import ManualRuntime


class Pause:
    """Observes a runtime and holds a sender up that has seen its receiver alive and has not put its message yet."""

    def __init__(self) -> None:
        self.message = Ask(bool)
        self.there, self.go_on = threading.Event(), threading.Event()

    def __call__(self, _sender: str, _receiver: str, message: object) -> None:
        if message is self.message:
            self.there.set()
            self.go_on.wait(WAIT)

    def ask(self, ref: Ref) -> tuple[threading.Thread, list[object]]:
        """Ask on a thread of its own, up to the pause; returns it and the list for the error."""
        errors: list[object] = []

        def run() -> None:
            try:
                ref.ask(self.message, timeout=WAIT)
            except Exception as error:
                errors.append(type(error))

        thread = threading.Thread(target=run)
        thread.start()
        assert self.there.wait(WAIT)
        return thread, errors


def test_a_call_that_is_put_after_the_death_is_answered() -> None:
    """Pykka: an ask put into the inbox of an actor that has just drained it is never answered. Here its sender does."""
    pause = Pause()
    ref = start_link(Puppet(), runtime=ManualRuntime(observer=pause))
    thread, errors = pause.ask(ref)

    ref.exit()
    assert ref.join(WAIT)
    pause.go_on.set()
    thread.join()

    assert errors == [pykka.ActorDeadError]


def test_a_late_sender_does_not_take_away_what_wakes_a_killed_process() -> None:
    """Ours: the thread of a killed process comes home, whoever clears the dead inbox."""
    pause = Pause()
    ref = start_link(Puppet(), runtime=ManualRuntime(observer=pause))
    with stuck(ref):
        thread, errors = pause.ask(ref)
        ref.kill()
        pause.go_on.set()
        thread.join()

    assert errors == [pykka.ActorDeadError]
    assert ref.thread is not None
    ref.thread.join(WAIT)
    assert not ref.thread.is_alive()


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


@pytest.mark.slow  # a race is looked for in many tries
@pytest.mark.usefixtures("restless")
def test_monitors_that_are_undone_while_their_subject_ends_do_not_hold_up_its_end() -> None:
    """Ours: links and monitors may come and go at any moment of a death."""
    runtime = Runtime("race")
    watcher = start_link(Puppet(), runtime=runtime)
    for _ in range(100):
        subject = start_link(Puppet(), runtime=runtime)
        numbers = [subject.monitor(watcher) for _ in range(50)]
        thread = threading.Thread(target=lambda: [subject.demonitor(number) for number in numbers])  # noqa: B023
        thread.start()

        subject.exit()

        assert subject.join(WAIT)
        thread.join(WAIT)
    watcher.stop()

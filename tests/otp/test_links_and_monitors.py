"""Links, which share a fate, and monitors, which only tell of it."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from support.processes import WAIT, Ask, Bench, Do, Oops, Puppet, crash, stuck

from verk_actors.otp import KILLED, NORMAL, SHUTDOWN, Crashed, Down, Ref, Shutdown, Stop


def test_a_link_ends_either_side_with_the_other(bench: Bench) -> None:
    """erlang(3): a link is bidirectional."""
    for first, second in (("a", "b"), ("d", "c")):
        one, two = bench.puppet(first), bench.puppet(second)
        (one if first < second else two).link(two if first < second else one)

        one.exit(SHUTDOWN)

        assert bench.noted() == [f"+{first}", f"+{second}", f"-{first} shutdown", f"-{second} shutdown"]


@pytest.mark.logs_errors("a crashed")
def test_an_end_runs_along_the_links(bench: Bench) -> None:
    """Processes: linked processes that do not trap exits end together."""
    a, b, c = (bench.puppet(name) for name in "abc")
    a.link(b)
    b.link(c)

    bench.tell("a", crash())

    assert bench.noted() == ["+a", "+b", "+c", "-a oops", "-b oops", "-c oops"]


def test_a_normal_end_does_not_end_the_linked(bench: Bench) -> None:
    """Processes: a process that ends with normal does not end those linked to it."""
    a, b = bench.puppet("a"), bench.puppet("b")
    a.link(b)

    a.stop()

    assert bench.noted() == ["+a", "+b", "-a normal"]
    assert b.is_alive()


def test_linking_to_a_dead_process_is_a_signal_noproc(bench: Bench) -> None:
    """erlang(3): a link to a process that does not exist sends the linker an exit signal noproc."""
    trapper, dead = bench.puppet("trapper", trap_exit=True), bench.puppet("dead")
    dead.stop()
    bench.noted()

    trapper.link(dead)

    assert bench.noted() == ["trapper hears of dead: noprocessalive"]


def test_linking_twice_makes_one_link(bench: Bench) -> None:
    """erlang(3): there is at most one link between two processes."""
    trapper, other = bench.puppet("trapper", trap_exit=True), bench.puppet("other")
    trapper.link(other)
    other.link(trapper)

    other.stop()

    assert bench.noted() == ["+trapper", "+other", "-other normal", "trapper hears of other: normal"]


def test_unlinked_processes_do_not_hear_of_each_other(bench: Bench) -> None:
    """erlang(3): after unlink no exit signal comes over the link."""
    a, b = bench.puppet("a"), bench.puppet("b")
    a.link(b)

    b.unlink(a)
    a.exit(SHUTDOWN)

    assert bench.noted() == ["+a", "+b", "-a shutdown"]
    assert b.is_alive()


def watch(watcher: Ref, subject: Ref) -> int:
    number = watcher.call(Ask(lambda me: me.monitor(subject)))
    assert isinstance(number, int)
    return number


ENDS: dict[str, Callable[[Ref], object]] = {
    "normal": lambda subject: subject.stop(),
    "shutdown": lambda subject: subject.exit(SHUTDOWN),
    "killed": lambda subject: subject.kill(),
    "oops": lambda subject: subject.tell(crash(Stop(Crashed(Oops())))),
}


@pytest.mark.parametrize("reason", ENDS)
def test_a_monitor_tells_of_the_end_once_with_its_reason(bench: Bench, reason: str) -> None:
    """erlang(3): a monitor delivers one DOWN message with the exit reason."""
    watcher, subject = bench.puppet("watcher"), bench.puppet("subject")
    watch(watcher, subject)
    bench.noted()

    ENDS[reason](subject)

    seen = [note for note in bench.noted() if note.startswith("watcher")]
    assert seen == [f"watcher sees subject down: {reason}"]


def test_a_monitor_is_one_way(bench: Bench) -> None:
    """erlang(3): a monitor is unidirectional."""
    watcher, subject = bench.puppet("watcher"), bench.puppet("subject", trap_exit=True)
    watch(watcher, subject)

    watcher.exit(SHUTDOWN)

    assert bench.noted() == ["+watcher", "+subject", "-watcher shutdown"]


def test_each_monitor_tells_for_itself(bench: Bench) -> None:
    """erlang(3): several monitors of one process are independent, and each delivers its DOWN."""
    watcher, subject = bench.puppet("watcher"), bench.puppet("subject")
    numbers = [watch(watcher, subject) for _ in range(3)]

    subject.stop()

    assert len(set(numbers)) == 3
    assert bench.noted().count("watcher sees subject down: normal") == 3


def test_monitoring_a_dead_process_tells_at_once(bench: Bench) -> None:
    """erlang(3): a monitor of a process that does not exist delivers DOWN with noproc at once."""
    watcher, subject = bench.puppet("watcher"), bench.puppet("subject")
    subject.stop()
    bench.noted()

    watch(watcher, subject)

    assert bench.noted() == ["watcher sees subject down: noprocessalive"]


def test_nothing_is_told_after_demonitor(bench: Bench) -> None:
    """erlang(3): after demonitor no DOWN comes."""
    watcher, subject = bench.puppet("watcher"), bench.puppet("subject")
    number = watch(watcher, subject)

    watcher.call(Ask(lambda me: me.demonitor(subject, number)))
    subject.stop()

    assert bench.noted() == ["+watcher", "+subject", "-subject normal"]


def test_demonitor_drops_a_down_that_waits_in_the_inbox(bench: Bench) -> None:
    """erlang(3): demonitor with flush removes a DOWN that was delivered already."""
    watcher, subject = bench.puppet("watcher"), bench.puppet("subject")
    number = watch(watcher, subject)

    def end_and_demonitor(me: Puppet) -> None:
        subject.stop()
        me.demonitor(subject, number)

    watcher.call(Ask(end_and_demonitor))

    assert bench.noted() == ["+watcher", "+subject", "-subject normal"]


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_monitors_end_with_the_process_that_made_them(bench: Bench, end: str) -> None:
    """Processes: demonitor is sent when a process that monitors another ends.

    A long-lived process once kept a record for each watcher that it ever had.
    """
    watcher, subject = bench.puppet("watcher"), bench.puppet("subject")
    watch(watcher, subject)

    getattr(watcher, end)()
    assert watcher.thread is not None
    watcher.thread.join(WAIT)

    assert subject._monitors == {}


def test_links_end_with_the_process(bench: Bench) -> None:
    """Processes: the links of a process are removed when it ends."""
    a, b = bench.puppet("a", trap_exit=True), bench.puppet("b")
    a.link(b)

    b.stop()

    assert a._links == set()


def test_the_name_is_free_when_others_hear_of_the_end(bench: Bench) -> None:
    """Processes: signals of an end are sent after the name has been released."""
    found: list[object] = []

    class Watcher(Puppet):
        def handle_down(self, down: Down) -> None:
            found.append(self.whereis("subject"))

    watcher = bench.start(Watcher())
    for _ in range(20):
        subject = bench.puppet("subject")
        watch(watcher, subject)
        subject.tell(crash(Stop(NORMAL)))
        bench.settle()

    assert found == [None] * 20


def test_a_kill_at_the_moment_of_a_normal_end_is_one_death(bench: Bench) -> None:
    """erlang(3): a process ends once, with one reason, and each monitor delivers one DOWN."""
    seen: list[Down] = []

    class Watcher(Puppet):
        def handle_down(self, down: Down) -> None:
            seen.append(down)

    watcher = bench.start(Watcher())
    for _ in range(300):
        subject, go = bench.start(Puppet()), threading.Barrier(2)
        watch(watcher, subject)
        subject.tell(Do(lambda _, go=go: go.wait(WAIT)))
        subject.tell(crash(Stop(NORMAL)))
        go.wait(WAIT)

        subject.kill()

        assert subject.join(WAIT)
    bench.settle()

    assert [down.monitor for down in seen] == sorted({down.monitor for down in seen})
    assert len(seen) == 300
    assert all(down.reason == down.ref.reason for down in seen)
    assert {type(down.reason) for down in seen} <= {type(NORMAL), type(KILLED)}


def test_a_down_in_a_backlog_comes_in_order(bench: Bench) -> None:
    """Processes: signals between two processes arrive in the order they were sent in."""
    watcher, subject = bench.puppet("watcher"), bench.puppet("subject")
    watch(watcher, subject)
    with stuck(watcher):
        subject.tell(Do(lambda _: watcher.tell(Do(lambda me: me.notes.append("last words")))))
        subject.tell(crash(Stop(Shutdown("done"))))

    assert bench.noted()[-2:] == ["last words", "watcher sees subject down: shutdown"]

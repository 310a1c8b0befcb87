"""Exit signals: who is ended by them, when, and who gets them as messages."""

from __future__ import annotations

import pytest
from support.processes import WAIT, Bench, Do, Puppet, crash, stuck, word

from verk_actors.otp import KILLED, NORMAL, SHUTDOWN, Exit, Server, Shutdown, Stop


def test_a_process_that_does_not_trap_exits_ends_before_what_is_in_its_inbox(bench: Bench) -> None:
    """Processes: an exit signal other than normal ends a process that does not trap exits.

    Differs: at its next message boundary, since nothing can end a thread in Python.
    """
    ref = bench.puppet()
    with stuck(ref):
        ref.tell(Do(lambda me: me.notes.append("never")))
        ref.exit(SHUTDOWN)

    assert bench.noted() == ["+puppet", "-puppet shutdown"]


def test_the_signal_normal_does_not_end_a_process_that_does_not_trap_exits(bench: Bench) -> None:
    """Processes: an exit signal normal is dropped by a process that does not trap exits."""
    ref = bench.puppet()

    ref.exit(NORMAL)

    assert bench.noted() == ["+puppet"]
    assert ref.is_alive()


@pytest.mark.parametrize("reason", [NORMAL, SHUTDOWN, Shutdown("because")], ids=repr)
def test_a_process_that_traps_exits_gets_them_as_messages_in_order(bench: Bench, reason: Shutdown) -> None:
    """Processes: to a process that traps exits a signal is a message at the end of its queue."""
    ref, other = bench.puppet("trapper", trap_exit=True), bench.puppet("other")
    with stuck(ref):
        ref.tell(Do(lambda me: me.notes.append("before")))
        ref.exit(reason, other)
        ref.tell(Do(lambda me: me.notes.append("after")))

    assert bench.noted() == ["+trapper", "+other", "before", f"trapper hears of other: {word(reason)}", "after"]
    assert ref.is_alive()


def test_kill_cannot_be_trapped(bench: Bench) -> None:
    """Processes: an exit signal kill ends a process unconditionally, with the reason killed."""
    ref = bench.puppet(trap_exit=True)

    ref.exit(KILLED)

    assert ref.join(WAIT)
    assert ref.reason == KILLED
    assert bench.noted() == ["+puppet"]


def test_the_end_of_a_killed_process_is_a_signal_that_can_be_trapped(bench: Bench) -> None:
    """Processes: a process that was killed tells its links killed, which is not the untrappable kill.

    A kill once went through all links, from a worker up to the root of the tree.
    """
    trapper = bench.puppet("trapper", trap_exit=True)
    ref = bench.puppet("linked", parent=trapper)

    ref.kill()

    assert bench.noted() == ["+trapper", "+linked", "trapper hears of linked: killed"]
    assert trapper.is_alive()


def test_killed_over_a_link_ends_like_any_other_reason(bench: Bench) -> None:
    """Processes: killed over a link ends a linked process that does not trap exits, in an orderly way."""
    parent = bench.puppet("parent")
    bench.puppet("child", parent=parent)

    parent.kill()

    assert bench.noted() == ["+parent", "+child", "-child killed"]
    assert bench.names.all() == {}


def test_the_parents_end_ends_even_a_process_that_traps_exits(bench: Bench) -> None:
    """gen_server(3): a server that traps exits ends when its parent does, with the parent's reason."""
    parent = bench.puppet("parent", trap_exit=True)
    bench.puppet("child", parent=parent, trap_exit=True)

    parent.stop(timeout=WAIT)

    assert bench.noted() == ["+parent", "+child", "-parent normal", "-child normal"]


@pytest.mark.logs_errors("parent crashed")
def test_the_parents_crash_is_the_childs_reason(bench: Bench) -> None:
    """Processes: a signal over a link carries the reason of the process that ended."""
    parent = bench.puppet("parent")
    child = bench.puppet("child", parent=parent)

    bench.tell("parent", crash())

    assert bench.noted() == ["+parent", "+child", "-parent oops", "-child oops"]
    assert child.reason is parent.reason


def test_an_exit_from_outside_ends_a_process_that_traps_exits_in_order(bench: Bench) -> None:
    """Ours: an exit signal that no process sent is an order, heeded like the parent's."""
    ref = bench.puppet(trap_exit=True)
    with stuck(ref):
        ref.tell(Do(lambda me: me.notes.append("before")))
        ref.exit(SHUTDOWN)

    assert bench.noted() == ["+puppet", "before", "-puppet shutdown"]


def test_the_first_of_several_exit_signals_is_the_reason(bench: Bench) -> None:
    """Processes: a process that is exiting takes no further signal."""
    ref = bench.puppet()
    with stuck(ref):
        ref.exit(Shutdown("first"))
        ref.exit(Shutdown("second"))

    assert ref.join(WAIT)
    assert ref.reason == Shutdown("first")


def test_signals_to_a_dead_process_are_dropped(bench: Bench) -> None:
    """Processes: a signal to a process that does not exist is dropped."""
    ref = bench.puppet()
    ref.stop()

    ref.exit(SHUTDOWN)
    ref.exit(KILLED)
    ref.kill()

    assert ref.reason == NORMAL
    assert bench.noted() == ["+puppet", "-puppet normal"]


def test_a_process_can_end_itself_by_a_signal(bench: Bench) -> None:
    """Processes: a process may send itself an exit signal."""
    ref = bench.puppet()

    ref.tell(Do(lambda me: me.actor_ref.exit(Shutdown("enough"))))

    assert bench.noted() == ["+puppet", "-puppet shutdown"]


def test_a_process_can_kill_itself(bench: Bench) -> None:
    """Processes: a process may send itself kill."""
    ref = bench.puppet()

    ref.tell(Do(lambda me: me.actor_ref.kill()))

    assert ref.join(WAIT)
    assert bench.noted() == ["+puppet"]
    assert ref.reason == KILLED


def test_handle_exit_may_end_the_server(bench: Bench) -> None:
    """gen_server(3): an exit message goes to handle_info, which may stop the server."""

    class Follower(Puppet):
        trap_exit = True

        def handle_exit(self, sender: object, reason: object) -> None:
            raise Stop(Shutdown("followed"))

    other = bench.puppet("other")
    ref = bench.start(Follower("follower", bench.notes))
    ref.link(other)

    other.stop()

    assert ref.join(WAIT)
    assert ref.reason == Shutdown("followed")


def test_a_server_without_handle_exit_ignores_the_ends_of_others(bench: Bench) -> None:
    """gen_server(3): handle_info is optional."""

    class Calm(Server):
        trap_exit = True

    ref, other = bench.start(Calm()), bench.puppet("other")
    ref.tell(Exit(other, SHUTDOWN))

    bench.settle()

    assert ref.is_alive()

"""How a server starts: `init` is synchronous, and its failure is the starter's."""

from __future__ import annotations

import threading

import pytest
from support.processes import Ask, Bench, Oops, Puppet, Trapper

from verk_actors.otp import KILLED, NORMAL, Call, NameTaken, Server, StartError, Stop, handles, start_link


def failing(error: BaseException) -> Puppet:
    def fail() -> None:
        raise error

    return Puppet(on_init=fail)


def test_start_link_returns_when_init_has_run(bench: Bench) -> None:
    """gen_server(3): start_link does not return until init has returned."""
    bench.start(Puppet("a", bench.notes))

    assert bench.notes == ["+a"]


def test_init_runs_on_the_thread_of_the_new_process(bench: Bench) -> None:
    """gen_server(3): init is called by the new process."""
    threads: list[threading.Thread] = []

    ref = bench.start(Puppet(on_init=lambda: threads.append(threading.current_thread())))

    assert threads == [ref.thread]


@pytest.mark.parametrize("error", [Oops(), SystemExit(1), KeyboardInterrupt(), Stop(NORMAL)], ids=repr)
def test_a_failing_init_reaches_the_starter(bench: Bench, error: BaseException) -> None:
    """gen_server(3): if init fails, start_link returns an error with the reason."""
    with pytest.raises(StartError) as failure:
        bench.start(failing(error))

    assert failure.value.__cause__ is error


def test_terminate_is_not_called_after_a_failed_init(bench: Bench) -> None:
    """gen_server(3): terminate undoes init, and is not called where that failed."""
    server = failing(Oops())

    with pytest.raises(StartError):
        bench.start(server)

    assert server.notes == ["+puppet"]


def test_a_process_whose_init_failed_is_dead_and_its_name_free(bench: Bench) -> None:
    """gen_server(3): the name is unregistered before the starter is told of the failure."""
    server = failing(Oops())

    with pytest.raises(StartError):
        bench.start(server, name="a")

    assert not server.actor_ref.is_alive()
    assert bench.names.find("a") is None


def start_below(server: Puppet) -> Ask:
    """Make a message that has its receiver start the server, and answers why that failed."""

    def start(me: Puppet) -> str:
        try:
            start_link(server, runtime=me.actor_ref.runtime, parent=me.actor_ref)
        except StartError as error:
            return error.why
        return "it started"

    return Ask(start)


def test_a_failed_start_is_no_exit_signal_as_well(bench: Bench) -> None:
    """proc_lib(3): who starts a process that fails gets the error, and no exit signal beside it.

    Differs: in OTP only where it traps exits; else the signal ends it.
    """
    parent = bench.puppet("parent", trap_exit=True)

    assert parent.call(start_below(failing(Oops()))) == "Oops()"

    assert bench.noted() == ["+parent"]


class Slow(Trapper):
    """A server whose init waits for an event longer than it may."""

    init_timeout = 0.01

    def __init__(self) -> None:
        self.gate = threading.Event()
        super().__init__(on_init=self.gate.wait)


def test_an_init_that_takes_too_long_is_killed_and_fails_the_start(bench: Bench) -> None:
    """gen_server(3): a server that is not up within the start timeout is terminated; the start fails."""
    server = Slow()

    with pytest.raises(StartError, match=r"init took longer than 0\.01 s"):
        bench.start(server, name="slow")

    assert server.actor_ref.reason == KILLED
    assert bench.names.find("slow") is None
    assert bench.abandoned() == ["slow"]
    server.gate.set()


def test_a_server_whose_init_returns_too_late_does_nothing_more(bench: Bench) -> None:
    """gen_server(3): a server that is not up within the start timeout is terminated for good."""
    server = Slow()
    with pytest.raises(StartError):
        bench.start(server)

    server.gate.set()
    assert server.actor_ref.thread is not None
    server.actor_ref.thread.join()

    assert server.notes == ["+puppet"]
    assert bench.abandoned() == []


def test_a_slow_init_does_not_hurt_the_process_that_started_it(bench: Bench) -> None:
    """proc_lib(3): a start that times out is unlinked before it is killed."""
    parent, server = bench.puppet("parent"), Slow()

    assert "took longer" in parent.call(start_below(server))

    bench.settle()
    assert parent.is_alive()
    server.gate.set()


def test_a_name_that_a_live_process_has_is_refused(bench: Bench) -> None:
    """gen_server(3): start_link returns already_started where the name is taken."""
    first = bench.puppet("a")

    with pytest.raises(NameTaken):
        bench.puppet("a")

    assert bench.names.find("a") is first


def test_a_server_is_started_once(bench: Bench) -> None:
    """Ours: a server object is one process; to restart is to make a new one."""
    server = Puppet()
    bench.start(server).stop()

    with pytest.raises(StartError, match="started before"):
        bench.start(server)


def test_nothing_is_started_below_a_dead_parent(bench: Bench) -> None:
    """Ours: the thread of a killed supervisor that comes back starts no more children."""
    parent = bench.puppet("parent")
    parent.kill()

    with pytest.raises(StartError, match="parent is dead"):
        bench.puppet("child", parent=parent)

    assert bench.names.find("child") is None


def test_a_server_started_outside_a_tree_has_a_runtime_of_its_own() -> None:
    """Ours: Server.start makes a runtime that ends with the server."""
    one, two = Puppet.start(), Puppet.start()

    assert one.runtime is not two.runtime
    assert one.stop()
    assert two.stop()
    assert one.reason == NORMAL


class Ping(Call[str]):
    """A message."""


def test_two_handlers_for_one_message_are_refused_when_the_class_is_made() -> None:
    """Ours: a server with a doubled handler fails at import, not at the first message."""
    with pytest.raises(TypeError, match="both handle Ping"):

        class Twice(Server):
            @handles(Ping)
            def one(self, _: Ping) -> str:
                return "one"

            @handles(Ping)
            def two(self, _: Ping) -> str:
                return "two"


def test_a_subclass_overrides_a_handler_by_its_message_or_by_its_name(bench: Bench) -> None:
    """Ours: handlers are inherited and overridden as methods are."""

    class Base(Server):
        @handles(Ping)
        def ping(self, _: Ping) -> str:
            return "base"

    class ByName(Base):
        def ping(self, _: Ping) -> str:
            return "by name"

    class ByMessage(Base):
        @handles(Ping)
        def other(self, _: Ping) -> str:
            return "by message"

    class Inheriting(Base):
        pass

    answers = [bench.start(cls()).call(Ping()) for cls in (Inheriting, ByName, ByMessage)]

    assert answers == ["base", "by name", "by message"]


class Echo(Call[int]):
    """Answered with 7."""


class Crowded(Server):
    """A server of a user whose own names are as plain as can be."""

    def __init__(self) -> None:
        super().__init__()
        self._run = self._receive = self._release = self._terminate = self._handlers = self._watched = None

    @handles(Echo)
    def _reason_of(self, _: Echo) -> int:
        return 7


def test_the_names_of_a_subclass_do_not_collide_with_those_of_the_kernel() -> None:
    """Ours: what the kernel keeps in a server has names that no user chooses."""
    ref = Crowded.start()
    assert ref.call(Echo()) == 7
    assert ref.stop()

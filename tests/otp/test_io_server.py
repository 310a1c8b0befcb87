"""A server that waits for a socket and its inbox at once."""

from __future__ import annotations

import queue
import select
import socket
import sys
import threading
from collections.abc import Iterator

import pytest
from support.descriptors import descriptors
from support.processes import WAIT, Ask, Bench, Do, Puppet, stuck

from verk_actors.otp import IoServer, NameTaken, Ref
from verk_actors.otp.io_server import WakeInbox


class Reader(IoServer, Puppet):
    """Reads bytes from a socket while nothing else is to do, and tells of them and of waits in vain."""

    def __init__(self, source: socket.socket, timeout: float = WAIT) -> None:
        Puppet.__init__(self, "reader")
        self.source, self.timeout = source, timeout
        self.seen: queue.Queue[object] = queue.Queue()

    def handle_idle(self) -> None:
        while not self.has_messages():
            if self.wait_readable(self.source.fileno(), self.timeout):
                self.seen.put(self.source.recv(1))
            elif not self.has_messages():
                self.seen.put("nothing came")
                return


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Return the two ends of a connection."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


@pytest.fixture
def reader(bench: Bench, pair: tuple[socket.socket, socket.socket]) -> Iterator[Reader]:
    """Start a reader of one end."""
    server = Reader(pair[0])
    ref = bench.start(server, name="reader")
    yield server
    ref.stop(timeout=WAIT)


def note(server: Reader, what: object) -> Do:
    return Do(lambda _: server.seen.put(what))


def test_data_ends_the_wait(reader: Reader, pair: tuple[socket.socket, socket.socket]) -> None:
    """Ours: wait_readable returns True when there is data."""
    for byte in (b"a", b"b"):
        pair[1].send(byte)

        assert reader.seen.get(timeout=WAIT) == byte


def test_a_message_ends_the_wait(reader: Reader) -> None:
    """Ours: wait_readable returns when a message comes, which is then handled."""
    for n in range(3):
        reader.actor_ref.tell(note(reader, n))

        assert reader.seen.get(timeout=WAIT) == n


def test_nothing_ends_the_wait_after_its_time(bench: Bench, pair: tuple[socket.socket, socket.socket]) -> None:
    """Ours: wait_readable returns False when its time is over."""
    server = Reader(pair[0], timeout=0.001)

    bench.start(server)

    assert server.seen.get(timeout=WAIT) == "nothing came"


class Patient(Reader):
    """Waits for a message alone, and tells how that went."""

    def handle_idle(self) -> None:
        if not self.has_messages():
            self.seen.put(self.wait_message(self.timeout))


def test_a_wait_for_a_message_alone_ends_with_it_or_after_its_time(
    bench: Bench, pair: tuple[socket.socket, socket.socket]
) -> None:
    """Ours: wait_message tells whether a message came."""
    patient, hasty = Patient(pair[0]), Patient(pair[0], timeout=0.001)
    pair[1].send(b"a")  # nothing that it waits for

    for server in (patient, hasty):
        bench.start(server)
    bench.settle()  # else the message may be there before the wait
    patient.actor_ref.tell(note(patient, "handled"))

    assert patient.seen.get(timeout=WAIT) is True
    assert patient.seen.get(timeout=WAIT) == "handled"
    assert hasty.seen.get(timeout=WAIT) is False
    patient.actor_ref.stop(timeout=WAIT)


def test_a_message_and_data_together_are_both_handled(
    reader: Reader, pair: tuple[socket.socket, socket.socket]
) -> None:
    """Ours: of a message and data that are both there, the message comes first, and the data is not lost."""
    with stuck(reader.actor_ref):
        pair[1].send(b"a")
        reader.actor_ref.tell(note(reader, "message"))

    assert [reader.seen.get(timeout=WAIT) for _ in range(2)] == ["message", b"a"]


def test_the_end_of_the_connection_ends_the_wait(reader: Reader, pair: tuple[socket.socket, socket.socket]) -> None:
    """Ours: a connection that was closed is readable."""
    pair[1].close()

    assert reader.seen.get(timeout=WAIT) == b""


@pytest.mark.parametrize("end", ["stop", "kill", "exit"])
def test_a_waiting_process_ends_at_once(bench: Bench, reader: Reader, end: str) -> None:
    """Ours: stop, exit signals and kill wake a waiting process; a killed one is not abandoned."""
    bench.settle()
    ref = reader.actor_ref

    getattr(ref, end)()

    assert ref.join(WAIT)
    assert ref.thread is not None
    ref.thread.join(WAIT)
    assert bench.abandoned() == []
    assert reader.seen.empty()


def test_a_waiting_process_counts_as_idle(bench: Bench, reader: Reader) -> None:
    """Ours: settle does not wait for a process that waits for a socket."""
    assert reader.actor_ref.call(Ask(lambda me: me.name)) == "reader"

    bench.settle()


@pytest.mark.slow  # a race is looked for in many tries
def test_no_message_is_slept_over(reader: Reader) -> None:
    """Ours: a message that comes while the wait is being set up ends it."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for n in range(1000):
            reader.actor_ref.tell(note(reader, n))
            assert reader.seen.get(timeout=WAIT / 2) == n
    finally:
        sys.setswitchinterval(interval)


@pytest.mark.slow  # a race is looked for in many tries
def test_a_wake_is_not_left_behind_for_the_next_wait(
    bench: Bench, reader: Reader, pair: tuple[socket.socket, socket.socket]
) -> None:
    """Ours: what woke one wait does not end the next."""

    def flood() -> None:
        for _ in range(500):
            reader.actor_ref.tell(Do(bool))

    threads = [threading.Thread(target=flood) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    bench.settle()

    pair[1].send(b"a")

    assert reader.seen.get(timeout=WAIT) == b"a"
    assert reader.seen.empty()


def test_a_message_that_was_handled_before_its_sender_came_to_wake_wakes_no_later_wait() -> None:
    """Ours: a wait without data or a message would be taken for one whose time is over, and its reply be waited for."""

    class Handled(WakeInbox):
        def empty(self) -> bool:
            return True

    inbox = Handled()
    inbox.arm()
    inbox.put((Do(bool), None))

    assert not select.select([inbox.fileno()], [], [], 0)[0]
    inbox.disarm()
    inbox.close()


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_process_leaves_no_descriptor(bench: Bench, pair: tuple[socket.socket, socket.socket], end: str) -> None:
    """Ours: the pipe that wakes the wait is closed at the end of the process."""
    before = descriptors()

    for _ in range(10):
        ref = bench.start(Reader(pair[0]))
        bench.settle()
        getattr(ref, end)()
        assert ref.thread is not None
        ref.thread.join(WAIT)

    assert descriptors() <= before


def test_a_process_that_never_ran_has_no_descriptor(bench: Bench, pair: tuple[socket.socket, socket.socket]) -> None:
    """Ours: the pipe is made by the first wait.

    A child that could not start, its name being taken, once leaked two descriptors at each try.
    """
    bench.puppet("reader")
    before = descriptors()

    for _ in range(10):
        with pytest.raises(NameTaken):
            bench.start(Reader(pair[0]), name="reader")

    assert descriptors() <= before


def test_a_message_to_a_dead_process_writes_to_no_descriptor(reader: Reader) -> None:
    """Ours: the pipe's numbers may be somebody else's after the end."""
    ref: Ref = reader.actor_ref
    ref.stop()
    inbox = ref.actor_inbox
    assert isinstance(inbox, WakeInbox)

    inbox.put((Do(bool), None))

    assert inbox._pipe is None

"""Ports: programs that live and die with the process that owns them. Each test starts real ones, hence slow."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from support.descriptors import descriptors
from support.eventually import eventually
from support.processes import WAIT, Ask, Bench, stuck
from support.program import gone

from verk_actors.otp import Port, PortClosed, Ref

pytestmark = pytest.mark.slow

PROGRAM = "support.program"


def opened(owner: Ref) -> Port:
    """Have a process open a port."""
    port: Port = owner.call(Ask(lambda me: Port(me.actor_ref, PROGRAM)), WAIT)
    return port


def answer(owner: Ref, port: Port, packet: bytes, seconds: float = WAIT) -> bytes | None:
    """Have the owner send a packet, and return what comes back."""

    def ask(_: object) -> bytes | PortClosed | None:
        try:
            port.send(packet)
            return port.receive(seconds)
        except PortClosed as closed:  # raised, it would end the owner
            return closed

    reply = owner.call(Ask(ask), 2 * WAIT)
    if isinstance(reply, PortClosed):
        raise reply
    return reply


def test_packets_of_any_size_come_back_as_they_were_sent(bench: Bench) -> None:
    """erlang(3): with {packet, 4} each message to and from a port is whole."""
    owner = bench.puppet()
    port = opened(owner)

    for packet in (b"", b"a", b"ab" * 40_000, os.urandom(3_000_000)):
        assert answer(owner, port, packet) == packet


@pytest.mark.parametrize(
    ("deed", "how"),
    [
        (b"leave 3", "exited with 3"),
        (b"strike 11", "killed by SIGSEGV"),
        (b"strike 40", "killed by signal 40"),
        (b"fork_unseen 4", "exited with 4"),
    ],
)
def test_the_owner_is_told_how_the_program_has_ended(bench: Bench, deed: bytes, how: str) -> None:
    """erlang(3): with exit_status the owner of a port hears of the program's exit, and its status.

    Also where a process that it forked past the interpreter still holds its end of the port.
    """
    owner = bench.puppet()
    port = opened(owner)

    with pytest.raises(PortClosed) as closed:
        answer(owner, port, deed)

    assert (closed.value.how, port.close()) == (how, how)
    assert str(closed.value) == f"the program of puppet has ended: {how}"


def test_no_answer_in_time_is_none_and_the_program_lives(bench: Bench) -> None:
    """Ours: receive has a limit, after which it returns None."""
    owner = bench.puppet()
    port = opened(owner)

    assert answer(owner, port, b"spin", 0.05) is None
    assert not gone(port.pid)()


def test_a_kill_for_one_user_ends_no_work_for_another(bench: Bench) -> None:
    """Ours: whoever kills a program for what it works at does not strike what it works at next."""
    owner = bench.puppet()
    port, one, two = opened(owner), object(), object()

    assert port.use(one)
    assert port.use(two)
    port.kill(one)
    assert answer(owner, port, b"hello") == b"hello"

    port.kill(two)
    assert not port.use(one)


def test_what_a_program_has_put_up_is_read_for_the_user_it_works_for_and_gone_for_the_next(bench: Bench) -> None:
    """Ours: what a port's program has put up is read for the user it works for, and is gone for the next."""
    owner, one, two = bench.puppet(), object(), object()
    port = opened(owner)
    port.use(one)
    assert answer(owner, port, b"put_up half") == b""
    assert answer(owner, port, b"put_up done") == b""

    assert (port.notice(one), port.notice(two)) == (b"done", b"")
    port.use(two)
    assert (port.notice(one), port.notice(two)) == (b"", b"")
    assert answer(owner, port, b"put_up more") == b""
    assert port.notice(two) == b"more"
    port.close()
    assert port.notice(two) == b""
    port.use(one)


@pytest.mark.parametrize("deed", [b"spin", b"sink"])
def test_it_can_be_seen_where_a_program_is_at_its_work_for_a_user_and_for_none_else(bench: Bench, deed: bytes) -> None:
    """erlang(3): process_info(Pid, current_stacktrace), which does not stop the process."""
    owner, user = bench.puppet(), object()
    port = opened(owner)
    port.use(user)
    assert answer(owner, port, b"ready") == b"ready"
    assert answer(owner, port, deed, 0.0) is None

    eventually(lambda: any(f"in {deed.decode()}" in frame for frame in port.stack(user)), "its frames")

    assert port.stack(object()) == ()
    os.kill(port.pid, signal.SIGSTOP)
    assert port.stack(user) == ()
    os.kill(port.pid, signal.SIGCONT)
    frames = eventually(lambda: port.stack(user), "its frames again")
    assert frames[-1] == "<string>:1:in <module>"
    port.close()
    assert port.stack(user) == ()


def test_what_a_program_has_forked_does_not_say_where_it_is(bench: Bench) -> None:
    """Python: a fork inherits handlers; the frames would be taken for its parent's."""
    owner = bench.puppet()
    assert int(answer(owner, opened(owner), b"ended_by %d" % signal.SIGUSR1) or 0) == -signal.SIGUSR1


def test_a_program_that_died_idle_has_not_got_the_next_packet(bench: Bench) -> None:
    """erlang(3): a message to a port that has ended is an error of the sender."""
    owner = bench.puppet()
    port = opened(owner)
    os.kill(port.pid, signal.SIGKILL)
    eventually(gone(port.pid), "end of the program")

    def send(_: object) -> str:
        try:
            port.send(b"hello")
        except PortClosed as closed:
            return closed.how
        return "sent"

    assert owner.call(Ask(send), WAIT) == "killed by SIGKILL"


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_program_ends_with_its_owner_and_what_it_has_started_too(bench: Bench, end: str) -> None:
    """erlang(3): a port is closed when its owner ends."""
    owner = bench.puppet()
    port = opened(owner)
    started = int(answer(owner, port, b"start") or 0)

    owner.stop() if end == "stop" else owner.kill()

    eventually(gone(port.pid), "end of the program")
    eventually(gone(started), "end of what it started")


def test_a_killed_owner_whose_thread_is_elsewhere_takes_its_program_along(bench: Bench) -> None:
    """Python: the thread of a killed process may never come back, and must not be needed."""
    owner = bench.puppet()
    port = opened(owner)

    with stuck(owner):
        owner.kill()
        eventually(gone(port.pid), "end of the program")


def test_signals_to_all_processes_of_a_service_are_for_the_owner(bench: Bench) -> None:
    """Ours: SIGINT and SIGTERM don't end a program, and SIGTERM what it has forked as ever."""
    owner = bench.puppet()
    port = opened(owner)

    for number in (signal.SIGINT, signal.SIGTERM):
        assert answer(owner, port, b"strike %d" % number) == b"still here"
    assert answer(owner, port, b"ended_by %d" % signal.SIGTERM) == b"-%d" % signal.SIGTERM


def test_a_program_shows_whose_it_is(bench: Bench) -> None:
    """Ours: the owner's name is in the list of processes."""
    owner = bench.puppet("images.worker_3")
    port = opened(owner)
    answer(owner, port, b"hello")
    command = Path(f"/proc/{port.pid}/cmdline").read_bytes().split(b"\0")

    assert b"images.worker_3" in command


def test_no_descriptor_is_left_of_a_port(bench: Bench) -> None:
    """Ours: a port has four descriptors here, and none once it is closed or did not open."""
    owner = bench.puppet()
    before = descriptors()

    ports = [opened(owner) for _ in range(2)]
    assert len(descriptors() - before) == 8
    for port in ports:
        owner.call(Ask(lambda _, port=port: port.close(WAIT)), WAIT)
    assert descriptors() <= before


def test_a_program_that_can_not_be_started_leaves_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """erlang(3): open_port fails where the program can't be run."""
    before = descriptors()
    monkeypatch.setattr(sys, "executable", "/no/such/python")

    with pytest.raises(FileNotFoundError):
        Port(bench.puppet(), PROGRAM)

    assert descriptors() <= before


def test_a_port_whose_owner_was_killed_meanwhile_is_killed(bench: Bench) -> None:
    """Ours: whoever kills the owner while it opens a port did not see that."""
    owner = bench.puppet()
    owner.kill()
    owner.join_thread(WAIT)  # which would close the port at its end, too

    port = Port(owner, PROGRAM)

    eventually(gone(port.pid), "end of the program")
    port.close()


STARTER = """
import os, signal, sys
from support.program import main
from verk_actors.otp import Port, Server

class Owner(Server):
    def on_receive(self, message):
        return message(self)

owner = Owner.start()
port = owner.ask(lambda me: Port(me.actor_ref, "support.program"))
def ask(packet):
    port.send(packet)
    return port.receive(20)
forked = ask(b"fork")
{deed}
if os.fork() == 0:
    signal.pause()  # what this process has forked holds copies of its descriptors
print(port.pid, int(forked), flush=True)
signal.pause()
"""


@pytest.mark.parametrize("deed", ["port.send(b'spin')", "os.kill(port.pid, signal.SIGSTOP)"])
def test_a_program_ends_with_the_interpreter_even_when_that_is_killed(deed: str) -> None:
    """erlang(3): the end of the run-time system closes all ports. Here programs are killed, whatever they do."""
    script = textwrap.dedent(STARTER).format(deed=deed)
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", script],
        stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, start_new_session=True,
    ) as starter:  # fmt: skip
        assert starter.stdout is not None
        program, forked = map(int, starter.stdout.readline().split())
        starter.kill()
        eventually(gone(program), "end of the program")
        eventually(gone(forked), "end of what the program has started")
        os.killpg(starter.pid, signal.SIGKILL)


def test_where_the_kernel_does_not_watch_the_leash_a_thread_does() -> None:
    """Ours: a program dies with its starter on any system."""
    script = "import sys; sys.platform = 'other'; from verk_actors.otp import leash; leash.tie(0)\nwhile True: pass"
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE) as program:
        assert program.stdin is not None
        program.stdin.close()
        assert program.wait(WAIT) == -signal.SIGKILL

"""What systemd is told of a process, and when."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from pykka.messages import ProxyGetAttr
from support.commands import RunningNode
from support.processes import Bench, Overseer, stuck

from verk_actors.daemon.service_manager import ServiceManager
from verk_actors.daemon.starter import Start, Starter


@pytest.fixture
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a path that is short enough for a socket."""
    return tmp_path_factory.mktemp("n") / "s"


@pytest.fixture
def systemd(path: Path) -> Iterator[socket.socket]:
    """Return a socket that hears what is told to it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.bind(str(path))
        end.settimeout(60)  # only a hang takes that long
        yield end


def test_what_is_told_is_a_datagram_of_assignments(path: Path, systemd: socket.socket) -> None:
    manager = ServiceManager(str(path))
    manager.ready("it runs")
    manager.status("it is quiet")
    manager.is_alive()
    manager.stopping("it drains")

    assert [systemd.recv(100).decode() for _ in range(4)] == [
        "READY=1\nSTATUS=it runs",
        "STATUS=it is quiet",
        "WATCHDOG=1",
        "STOPPING=1\nSTATUS=it drains",
    ]


def test_a_socket_may_have_an_abstract_name() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.bind(f"\0verk-test-{os.getpid()}")
        ServiceManager(f"@verk-test-{os.getpid()}").is_alive()

        assert end.recv(100) == b"WATCHDOG=1"


def test_where_nobody_listens_nothing_happens(path: Path) -> None:
    ServiceManager().ready("unheard")
    ServiceManager(str(path)).ready("unheard")


@pytest.mark.parametrize(
    ("variables", "watchdog_seconds"),
    [
        ({}, 0.0),
        ({"WATCHDOG_USEC": "3000000"}, 3.0),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": str(os.getpid())}, 3.0),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"}, 0.0),
        ({"WATCHDOG_USEC": "soon"}, 0.0),
    ],
)
def test_the_variables_are_taken_out_of_the_environment(variables: dict[str, str], watchdog_seconds: float) -> None:
    environ = {"NOTIFY_SOCKET": "/run/systemd/notify", "HOME": "/", **variables}

    manager = ServiceManager.of_environment(environ)

    assert manager == ServiceManager("/run/systemd/notify", watchdog_seconds)
    assert environ == {"HOME": "/"}


@pytest.mark.slow  # an interpreter starts
@pytest.mark.parametrize(
    ("processes", "ready", "stopping"),
    [("1", "node n runs", "it drains, and stops"), ("2", "2 nodes run", "all nodes stop")],
)
def test_a_node_tells_of_its_start_its_life_and_its_stop(
    tmp_path: Path, redis_url: str, path: Path, systemd: socket.socket, processes: str, ready: str, stopping: str
) -> None:
    variables = {"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "60000000"}
    with RunningNode(tmp_path, redis_url, "--node-id", "n", "--processes", processes, **variables) as node:
        told = [systemd.recv(100).decode() for _ in range(2)]
        node.expect(" runs; queues: ", count=int(processes))
        node.send(signal.SIGTERM)
        assert node.exit_code() == 0

    assert set(told) == {"WATCHDOG=1", f"READY=1\nSTATUS={ready}"}
    assert systemd.recv(100).decode() == f"STOPPING=1\nSTATUS={stopping}"


def test_a_root_that_is_stuck_gives_no_sign_of_life(path: Path, systemd: socket.socket) -> None:
    bench = Bench()
    root = bench.start(Overseer())
    starter = bench.start(Starter(bool, ServiceManager(str(path), watchdog_seconds=30.0)))

    def signs_of_life_at(now: float) -> int:
        bench.clock.move_to(now)
        bench.timers.run_due()
        starter.ask(ProxyGetAttr(attr_path=("actor_urn",)))  # behind the look
        return len(list(iter(lambda: received(systemd), b"")))

    starter.ask(Start(lambda: root))
    with stuck(root):
        assert [signs_of_life_at(now) for now in (0.0, 10.0, 20.0, 30.0)] == [1, 1, 0, 0]
    bench.settle()
    assert signs_of_life_at(40.0) == 1
    bench.end()


def received(end: socket.socket) -> bytes:
    """Return what has come; nothing if nothing has."""
    end.settimeout(0)
    try:
        return end.recv(100)
    except BlockingIOError:
        return b""

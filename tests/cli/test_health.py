"""`verk run --health` and `verk health`, a probe for containers."""

from __future__ import annotations

import json
import re
import signal
import socket
from contextlib import suppress

import pytest
from support.commands import RunningNode

from verk_actors.settings.address import Address, CannotListen, listen

slow = pytest.mark.slow  # an interpreter starts
PATIENTLY = ("--timeout", "60")


@slow
def test_a_node_says_where_it_answers_and_whether_it_is_alive_and_ready(tmp_path, redis_url, verk_here) -> None:
    with RunningNode(tmp_path, redis_url, "--health", "0").expect_up() as node:
        port = re.search(r"health: http://127.0.0.1:(\d+)/healthz", node.output)[1]

        alive = verk_here("health", "--health", port, *PATIENTLY)
        assert (alive.returncode, alive.stdout) == (0, f"127.0.0.1:{port}: ok\n")
        node.send(signal.SIGTSTP)
        node.expect("queue default paused")
        ready = verk_here("health", "--ready", *PATIENTLY, VERK_HEALTH=port)
        assert (ready.returncode, ready.stdout) == (1, f"127.0.0.1:{port}: it was told to fetch no more jobs\n")


@slow
def test_each_process_of_several_has_a_port_of_its_own(tmp_path, redis_url, verk_here) -> None:
    port = first_of_two_free_ports()
    with RunningNode(tmp_path, redis_url, "--processes", "2", "--health", str(port)) as node:
        node.expect(" runs; queues: ", count=2)

        asked = verk_here("health", "--processes", "2", "--json", *PATIENTLY, VERK_HEALTH=str(port))

    ports = [f"127.0.0.1:{port}", f"127.0.0.1:{port + 1}"]
    assert json.loads(asked.stdout) == [{"address": one, "ok": True, "said": ["ok"]} for one in ports]
    assert asked.returncode == 0


def first_of_two_free_ports() -> int:
    while True:
        with listen(Address("127.0.0.1", 0)) as free:
            port = int(free.getsockname()[1])
            with suppress(CannotListen), listen(Address("127.0.0.1", port + 1)):
                return port


def test_a_node_that_is_not_there_is_not_alive(verk_here) -> None:
    with socket.socket() as bound:  # and not listening: nobody else gets the port, and who connects is refused
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]

        asked = verk_here("health", "--health", f"0.0.0.0:{port}")

    assert asked.returncode == 1
    assert re.fullmatch(f"127.0.0.1:{port}: no answer: .*refused\n", asked.stdout)


def test_a_port_is_needed(verk_here) -> None:
    asked = verk_here("health")

    assert (asked.returncode, asked.stderr) == (2, "Error: which port? Give --health PORT, or set VERK_HEALTH\n")

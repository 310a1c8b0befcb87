"""The servers of a test's own keep what they were told, through a kill and a freeze."""

from __future__ import annotations

import pytest
import redis as redis_py
from support.servers import OwnServer


def test_what_was_written_is_there_after_a_kill_and_a_restart(own_server: OwnServer) -> None:
    with own_server.client() as client:
        client.set("key", "value")
        pid = own_server.pid
        own_server.restart()
        assert own_server.pid != pid
        assert client.get("key") == b"value"


def test_a_frozen_server_keeps_its_connections_and_answers_later(own_server: OwnServer) -> None:
    with redis_py.Redis(port=own_server.port, socket_timeout=0.2, retry=None) as client:
        client.ping()
        with own_server.frozen(), pytest.raises(redis_py.exceptions.TimeoutError):
            client.ping()
        assert client.ping()

"""The servers of a test's own keep what they were told, through a kill and a freeze."""

from __future__ import annotations

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
    with redis_py.Redis(port=own_server.port, single_connection_client=True, socket_timeout=20) as client:
        connection = client.connection
        with own_server.frozen():
            connection.send_command("PING")
            assert not connection.can_read(0.1)
        assert connection.read_response() == b"PONG"

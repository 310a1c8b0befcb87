from __future__ import annotations

import os
import socket

import pytest
from support.eventually import eventually

from verk_actors import embedded
from verk_actors.errors import StoreError, StoreUnavailable
from verk_actors.settings.redis_url import RedisUrl
from verk_actors.store.connection import Connection
from verk_actors.store.scripts import ENQUEUE

PUSH = (("queue:q", "queues"), ("q", b"job"))


# Commands


def test_replies_are_those_of_redis_with_its_bytes_untouched(connection):
    assert connection.call("SET", "key", b"\x00\xff\r\n") == b"OK"
    assert connection.call("GET", "key") == b"\x00\xff\r\n"
    assert connection.call("GET", "missing") is None
    assert connection.call("LPUSH", "list", "a", 1, 0.5) == 3
    assert connection.call("LRANGE", "list", 0, -1) == [b"0.5", b"1", b"a"]


def test_it_connects_at_the_first_command_and_bears_its_name(redis_url, redis):
    connection = Connection(RedisUrl(redis_url), name="verk:n1:queue")
    assert not connection.connected

    client_id = connection.client_id()

    assert connection.connected
    assert [client["id"] for client in redis.client_list() if client["name"] == "verk:n1:queue"] == [str(client_id)]
    connection.close()
    assert not connection.connected


def test_a_refused_command_leaves_the_connection_sound(connection):
    connection.call("SET", "queue:q", "no list")

    with pytest.raises(StoreError, match="LLEN queue:q failed: WRONGTYPE") as caught:
        connection.call("LLEN", "queue:q")
    assert not isinstance(caught.value, StoreUnavailable)
    assert connection.connected
    assert connection.call("GET", "queue:q") == b"no list"


def test_the_database_of_the_url_is_used(redis_url, redis):
    connection = Connection(RedisUrl(redis_url.replace("db=0", "db=3")), name="test")
    connection.call("SET", "key", "value")
    connection.close()

    assert redis.get("key") is None
    assert redis.info("keyspace")["db3"]["keys"] == 1


def test_it_shows_where_it_leads_but_no_password():
    connection = Connection(RedisUrl("redis://user:secret@localhost/0"), name="test")

    assert repr(connection) == "<Connection test to redis://***@localhost/0, closed>"


def test_what_redis_forgot_of_a_script_is_told_it_again(connection, redis):
    for length in (1, 2):
        redis.script_flush()
        assert connection.script(ENQUEUE, *PUSH) == length


def test_something_else_is_done_between_a_script_and_its_reply(redis_url, redis):
    seen: list[object] = []

    def look() -> None:
        seen.append(eventually(lambda: redis.lrange("queue:q", 0, -1), "the script is done"))

    redis.script_load(ENQUEUE.text)
    connection = Connection(RedisUrl(redis_url), name="test", meanwhile=look)
    connection.call("PING")  # no script
    assert connection.script(ENQUEUE, *PUSH) == 1
    connection.close()

    assert seen == [[b"job"]]


def test_a_refused_script_is_named_in_the_error(connection, redis):
    redis.set("queue:q", "no list")

    with pytest.raises(StoreError, match="enqueue queue:q failed: WRONGTYPE"):
        connection.script(ENQUEUE, *PUSH)


def test_an_embedded_server_is_started_when_it_is_needed(tmp_path):
    connection = Connection(RedisUrl(f"embedded:{tmp_path}"), name="test")

    assert connection.call("PING") == b"PONG"
    connection.close()
    embedded.stop(tmp_path)


# A command in two halves


def test_a_reply_can_be_read_later(connection):
    connection.send("SET", "key", "value")
    assert connection.read() == b"OK"

    connection.send("LLEN", "key")
    with pytest.raises(StoreError, match="LLEN key failed: WRONGTYPE"):
        connection.read("LLEN", "key")
    assert connection.connected


def test_a_reply_is_lost_if_the_connection_is_closed_before_it(connection):
    connection.send("PING")
    connection.close()

    with pytest.raises(StoreUnavailable) as caught:
        connection.read()
    assert caught.value.sent


def test_a_command_cannot_be_sent_over_a_broken_connection(connection):
    connection.call("PING")
    with socket.socket(fileno=os.dup(connection.fileno())) as twin:
        twin.shutdown(socket.SHUT_RDWR)

    with pytest.raises(StoreUnavailable) as caught:
        connection.send("PING")
    assert caught.value.sent
    assert not connection.connected

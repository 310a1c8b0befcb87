from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import pytest
from support.eventually import eventually

from verk_actors.errors import StoreError, StoreUnavailable
from verk_actors.settings.redis_url import RedisUrl
from verk_actors.store.connection import Connection
from verk_actors.store.locate import Locator
from verk_actors.store.pool import Pool


@pytest.fixture
def pool(redis_url: str) -> Iterator[Pool]:
    """Return a pool of two connections."""
    pool = Pool(RedisUrl(redis_url), name="pool", size=2, socket_timeout_seconds=30)
    yield pool
    pool.close()


def connections_of(redis) -> list[str]:
    return [client["id"] for client in redis.client_list() if client["name"] == "pool"]


def test_one_thread_uses_one_connection(pool, redis):
    for number in range(5):
        assert pool.call("INCR", "key") == number + 1

    assert len(connections_of(redis)) == 1


def test_many_threads_share_the_connections_and_each_gets_its_own_reply(pool, redis):
    wrong = []

    def work(name: str) -> None:
        for number in range(200):
            reply = pool.call("ECHO", f"{name} {number}")
            if reply != f"{name} {number}".encode():
                wrong.append(reply)

    threads = [threading.Thread(target=work, args=(f"thread {number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []
    assert len(connections_of(redis)) == 2


def test_a_thread_that_finds_all_connections_lent_for_too_long_is_told_so(pool, monkeypatch):
    monkeypatch.setattr(pool, "_socket_timeout_seconds", 0.05)  # for a connection; those that are there had theirs

    def all_lent(_: object) -> None:
        pool._lend(lambda _: pool.call("PING"))

    with pytest.raises(StoreUnavailable, match="all 2 connections are in use") as caught:
        pool._lend(all_lent)

    assert not caught.value.sent
    assert pool.call("PING") == b"PONG"


def test_a_connection_that_died_while_idle_costs_no_command(pool, redis):
    pool.call("PING")
    redis.client_kill_filter(_id=connections_of(redis)[0])

    assert pool.call("PING") == b"PONG"


def test_a_failed_command_keeps_no_connection_from_the_next_one(pool, redis):
    redis.set("key", "no list")

    for _ in range(5):
        with pytest.raises(StoreError, match="WRONGTYPE"):
            pool.call("LLEN", "key")
    assert len(connections_of(redis)) == 1


def test_a_lost_reply_is_told_from_a_command_that_was_never_sent(pool):
    pool.call("PING")
    pool._idle[-1]._link._sock.settimeout(0.05)  # the one lent next
    with pytest.raises(StoreUnavailable) as lost:
        pool.call("BLPOP", "list", 0)
    with pytest.raises(StoreUnavailable) as never_sent:
        Pool(RedisUrl("redis://127.0.0.1:1/0"), name="pool").call("PING")

    assert (lost.value.sent, never_sent.value.sent) == (True, False)


def test_a_closed_pool_connects_anew(pool, redis):
    pool.call("PING")

    pool.close()

    assert connections_of(redis) == []
    assert pool.call("PING") == b"PONG"


def test_a_write_without_replicas_to_wait_for_waits_for_none(pool, redis):
    redis.config_resetstat()

    assert pool.replicated(lambda commands: commands.call("INCR", "key"), 0, 1.0) == 1
    assert "cmdstat_wait" not in redis.info("commandstats")


@pytest.mark.slow  # it waits for longer than a reply is waited for
def test_a_write_that_too_few_replicas_have_in_time_is_uncertain_though_done(pool, redis):
    pool.call("PING")
    pool._idle[-1].socket_timeout_seconds = 1.0  # what it heeds; the socket, open by now, bears a busy machine
    redis.config_resetstat()
    with pytest.raises(StoreUnavailable, match=r"WAIT .* 0 of 2 replicas have it after 1\.1 s") as raised:
        pool.replicated(lambda commands: commands.call("INCR", "key"), 2, 1.1)

    assert raised.value.sent
    assert redis.get("key") == b"1"
    assert redis.info("commandstats")["cmdstat_wait"]["calls"] >= 3


def test_a_connection_that_is_led_elsewhere_between_two_parts_of_a_wait_ends_it(pool, redis, monkeypatch):
    told = iter([False, True])
    monkeypatch.setattr(Locator, "has_moved", lambda _: next(told, False))

    ended: list[str] = []

    def waiting() -> list[str]:
        return [row["id"] for row in redis.client_list() if row["cmd"] == "wait" and row["id"] not in ended]

    def end_both_parts() -> None:
        for _ in range(2):  # the second is over another connection
            ended.extend(eventually(waiting, "a wait"))
            redis.client_unblock(ended[-1])

    ends = threading.Thread(target=end_both_parts)
    ends.start()
    with pytest.raises(StoreUnavailable, match=r"WAIT .*the server has changed since the write") as raised:
        pool.replicated(lambda commands: commands.call("INCR", "key"), 1, 60)
    ends.join()

    assert raised.value.sent
    assert redis.get("key") == b"1"
    assert next(told, None) is None


def test_a_wait_that_is_refused_says_that_the_write_was_done(own_server):
    pool = Pool(RedisUrl(own_server.url), name="pool")

    def write_before_a_failover(commands):
        commands.call("INCR", "key")
        with own_server.client() as client:
            client.replicaof("127.0.0.1", "1")

    with pytest.raises(StoreUnavailable, match="WAIT") as raised:
        pool.replicated(write_before_a_failover, 1, 1.0)
    pool.close()

    assert raised.value.sent


def test_a_wait_that_another_server_answers_is_none_since_nothing_was_written_there(pool, redis):
    class Switched(Connection):
        """Finds itself at another server when it waits."""

        def call(self, *args):
            if args[0] == "WAIT":
                self.opened += 1
                return 2
            return super().call(*args)

    pool._idle.append(Switched(pool._url, name="switched"))  # the one lent next

    with pytest.raises(StoreUnavailable, match="the server has changed since the write") as raised:
        pool.replicated(lambda commands: commands.call("INCR", "key"), 2, 1.0)

    assert raised.value.sent
    pool.close()


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork.*:DeprecationWarning")
def test_a_forked_process_connects_for_itself(pool, redis):
    """Two processes that read one socket get each other's replies."""
    parents = pool.call("CLIENT", "ID")
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, b"%d" % pool.call("CLIENT", "ID"))
        os._exit(0)
    os.waitpid(child, 0)
    childs = int(os.read(reader, 20))
    os.close(reader)
    os.close(writer)

    assert childs != parents
    assert pool.call("CLIENT", "ID") == parents


def test_it_shows_where_it_leads_but_no_password():
    assert repr(Pool(RedisUrl("redis://:secret@localhost/0"), name="p")) == "<Pool p of 10 to redis://***@localhost/0>"

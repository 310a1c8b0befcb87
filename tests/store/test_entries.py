"""Jobs on their way to Redis: the script that adds them, alone and in a transaction, and the one that unlocks."""

from __future__ import annotations

import pytest

from verk_actors.errors import StoreError, StoreUnavailable
from verk_actors.store.entries import Entry, Lock, add
from verk_actors.store.locks import release
from verk_actors.store.queue import Queue
from verk_actors.wire.job import Job


def entries(count: int, queue: str = "q") -> list[Entry]:
    return [Entry(queue, f"{queue}{number}", b"%d" % number) for number in range(count)]


def test_nothing_is_nothing(connection, keys, redis) -> None:
    assert release(connection, keys, []) == release(connection, keys, [Job(class_="C", args=[])]) == 0
    assert redis.keys() == []


def test_any_bytes_go_where_they_are_to(connection, keys, redis) -> None:
    odd = [b"", b"\xff\x00", b"5", b"x" * 100_000]
    mixed = [Entry("q", str(at), payload, 5.5 if at % 2 else None) for at, payload in enumerate(odd)]

    assert add(connection, keys, mixed) == {}
    assert redis.lrange("app:queue:q", 0, -1) == [b"5", b""]
    assert redis.zrange("app:schedule", 0, -1, withscores=True) == [(b"x" * 100_000, 5.5), (b"\xff\x00", 5.5)]


def test_more_than_a_thousand_and_more_than_a_mebibyte_go_in_several_scripts(connection, keys, redis) -> None:
    redis.config_resetstat()
    add(connection, keys, entries(2001))
    add(connection, keys, [Entry("long", str(at), b"x" * 600_000) for at in range(3)])

    assert redis.info("commandstats")["cmdstat_evalsha"]["calls"] == 3 + 3
    assert redis.lrange("app:queue:q", 0, -1)[::-1] == [b"%d" % number for number in range(2001)]
    assert redis.llen("app:queue:long") == 3


def test_a_server_that_forgot_the_script_is_told_again(connection, keys, redis) -> None:
    for _ in range(2):
        redis.script_flush()
        add(connection, keys, entries(1500))
    assert redis.llen("app:queue:q") == 3000


def test_of_each_lock_the_first_has_it_across_the_scripts_of_a_transaction(connection, keys, redis) -> None:
    locked = [Entry("q", str(at), b"%d" % at, locks=[Lock(keys.unique(f"t{at % 1200}"), 60)]) for at in range(2400)]

    assert add(connection, keys, locked) == {at: str(at - 1200) for at in range(1200, 2400)}
    assert redis.llen("app:queue:q") == len(redis.keys("app:unique:*")) == 1200


def test_a_user_who_may_not_begin_a_transaction_is_told_that_it_is_unknown_what_was_done(
    connection, keys, redis
) -> None:
    redis.execute_command("ACL", "SETUSER", "default", "-multi")
    try:
        with pytest.raises(StoreUnavailable, match="MULTI was refused") as raised:
            add(connection, keys, entries(1500))
        add(connection, keys, entries(1))
    finally:
        redis.execute_command("ACL", "SETUSER", "default", "+multi")
    assert raised.value.sent


def test_a_user_who_may_not_load_scripts_is_not_told_that_nothing_was_done_where_all_was(
    connection, keys, redis
) -> None:
    """It was told so though the server knew the script, and would have enqueued all of them once more."""
    redis.script_flush()
    redis.execute_command("ACL", "SETUSER", "default", "-script")
    try:
        with pytest.raises(StoreError, match="NOPERM"):
            add(connection, keys, entries(1500, "unknown"))
        redis.execute_command("ACL", "SETUSER", "default", "+script")
        add(connection, keys, entries(1))
        redis.execute_command("ACL", "SETUSER", "default", "-script")
        assert add(connection, keys, entries(1500)) == {}
    finally:
        redis.execute_command("ACL", "SETUSER", "default", "+script")
    assert (redis.llen("app:queue:unknown"), redis.llen("app:queue:q")) == (0, 1501)


def test_a_user_who_may_not_make_a_queue_known_enqueues_nothing(connection, keys, redis) -> None:
    """All were enqueued, though the error says that none was."""
    redis.execute_command("ACL", "SETUSER", "default", "-sadd")
    try:
        for push in (
            lambda: add(connection, keys, entries(2)),
            lambda: add(connection, keys, [Entry("q", "x", b"x", locks=[Lock(keys.unique("t"), 60)])]),
            lambda: Queue(connection, keys, "q").push(b"x"),
        ):
            with pytest.raises(StoreError):
                push()
    finally:
        redis.execute_command("ACL", "SETUSER", "default", "+sadd")
    assert redis.keys() == []


def test_a_user_who_may_not_touch_locks_enqueues_nothing_that_has_one(connection, keys, redis) -> None:
    redis.execute_command("ACL", "SETUSER", "default", "resetkeys", "~app:queue:*", "~app:queues", "~app:schedule")
    try:
        with pytest.raises(StoreError):
            add(connection, keys, [*entries(2), Entry("q", "x", b"x", locks=[Lock(keys.unique("t"), 60)])])
        assert add(connection, keys, entries(2, "allowed")) == {}
    finally:
        redis.execute_command("ACL", "SETUSER", "default", "allkeys")
    assert redis.exists("app:queue:q") == 0


def test_only_the_locks_of_these_jobs_are_released(connection, keys, redis) -> None:
    jobs = [
        Job(class_="C", args=[], jid=str(at), unique_for=60, unique_token=f"t{at}", unique_until=until)
        for at, until in enumerate(("success", "start", "expiry", "success"))
    ]
    for at in range(4):
        redis.set(f"app:unique:t{at}", "another's" if at == 3 else str(at))
    jobs.append(Job(class_="C", args=[], unique_for=60))

    assert release(connection, keys, jobs) == 2
    assert release(connection, keys, jobs) == 0
    assert sorted(redis.keys("app:unique:*")) == [b"app:unique:t2", b"app:unique:t3"]

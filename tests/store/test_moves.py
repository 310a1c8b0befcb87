from __future__ import annotations

import json

import pytest

from verk_actors.errors import StoreError
from verk_actors.store.moves import Moved, Moves
from verk_actors.wire import bookkeeping

NOW = 1_700_000_000.5


@pytest.fixture
def moves(connection, keys):
    """Return moves out of the retry set, none so far."""
    return Moves(connection, keys, keys.retry)


def test_members_go_where_they_belong_in_one_step(moves, redis, keys):
    redis.zadd(keys.retry, {"1": 1, "2": 2, "3": 3, "4": 4})
    moves.to_queue(b"1", b"one", "default")
    moves.to_queue(b"2", b"two", "low")
    moves.to_queue(b"3", b"three", "default")
    moves.to_dead(b"4", None, NOW)

    assert moves.perform() == Moved(to_queues=3, to_dead=1, refused=0, refusal=None)

    assert redis.zcard(keys.retry) == 0
    assert redis.lrange(keys.queue("default"), 0, -1) == [b"three", b"one"]
    assert redis.lrange(keys.queue("low"), 0, -1) == [b"two"]
    assert redis.smembers(keys.queues) == {b"default", b"low"}
    assert redis.zscore(keys.dead, b"4") == NOW


def test_a_member_that_is_gone_is_not_moved(moves, redis, keys, snapshot):
    """Verk enqueues it again: a second click on the page, or two pollers, run a job twice."""
    moves.to_queue(b"1", b"one", "default")
    moves.to_dead(b"2", None, NOW)

    assert moves.perform() == Moved(0, 0, 0, None)
    assert snapshot() == {}


def test_moves_repeated_after_a_lost_reply_change_nothing(moves, redis, keys, snapshot):
    redis.zadd(keys.retry, {"1": 1})
    moves.to_queue(b"1", b"one", "default")
    moves.to_queue(b"1", b"one", "default")
    assert moves.perform().to_queues == 1
    before = snapshot()

    assert moves.perform() == Moved(0, 0, 0, None)
    assert snapshot() == before


@pytest.mark.parametrize("gone", [0, 7])
def test_more_than_a_thousand_go_to_one_queue_in_order(moves, redis, keys, gone):
    members = [b"%d" % number for number in range(2100)]
    redis.zadd(keys.retry, {member: at for at, member in enumerate(members[gone:])})
    for member in members:
        moves.to_queue(member, b"new " + member, "default")

    assert moves.perform() == Moved(2100 - gone, 0, 0, None)
    assert redis.lrange(keys.queue("default"), 0, -1) == [b"new " + member for member in members[gone:]][::-1]
    assert redis.exists(keys.retry) == 0


def test_no_moves_are_no_trouble(moves):
    assert moves.perform() == Moved(0, 0, 0, None)


@pytest.mark.parametrize("member", [b"", b"\x00\xff", b"x" * (1 << 20)], ids=["empty", "binary", "huge"])
def test_any_bytes_are_moved_untouched(moves, redis, keys, member):
    redis.zadd(keys.retry, {member: 1})
    moves.to_queue(member, member, "default")

    assert moves.perform().to_queues == 1
    assert redis.lrange(keys.queue("default"), 0, -1) == [member]


def test_what_is_no_job_goes_to_the_dead_in_an_envelope(moves, redis, keys):
    redis.zadd(keys.retry, {b"\xff": 1})
    moves.to_dead(b"\xff", "not UTF-8", NOW)

    moves.perform()

    (envelope,) = redis.zrange(keys.dead, 0, -1)
    shown = json.loads(envelope)
    assert (shown["class"], shown["queue"], shown["error_message"]) == (
        bookkeeping.UNDECODABLE,
        "default",
        "not UTF-8",
    )
    assert len(shown["jid"]) == 24
    assert bookkeeping.restore(envelope) == b"\xff"


def test_a_queue_of_the_wrong_type_keeps_its_members_and_stops_no_other(moves, redis, keys):
    redis.zadd(keys.retry, {"1": 1, "2": 2, "3": 3})
    redis.set(keys.queue("broken"), "no list")
    moves.to_queue(b"1", b"one", "broken")
    moves.to_queue(b"2", b"two", "default")
    moves.to_dead(b"3", None, NOW)

    moved = moves.perform()

    assert (moved.to_queues, moved.to_dead, moved.refused) == (1, 1, 1)
    assert "WRONGTYPE" in moved.refusal.why
    assert (moved.refusal.operation, moved.refusal.key) == ("move", keys.retry)
    assert redis.zrange(keys.retry, 0, -1) == [b"1"]
    assert redis.smembers(keys.queues) == {b"default"}


@pytest.mark.parametrize("name", ["retry", "queues"])
def test_a_source_or_registry_of_the_wrong_type_fails_the_moves_that_then_have_done_nothing(
    moves, redis, keys, snapshot, name
):
    redis.zadd(keys.retry, {"1": 1})
    redis.delete(f"app:{name}")
    redis.set(f"app:{name}", "something")
    before = snapshot()
    moves.to_queue(b"1", b"one", "default")

    with pytest.raises(StoreError, match="WRONGTYPE"):
        moves.perform()
    assert snapshot() == before


def test_a_full_server_refuses_moves_that_then_have_done_nothing(moves, redis, keys, snapshot, full_server):
    redis.zadd(keys.retry, {"1": 1, "2": 2})
    before = snapshot()
    moves.to_queue(b"1", b"one", "default")
    moves.to_dead(b"2", None, NOW)
    full_server()

    moved = moves.perform()

    assert (moved.to_queues, moved.to_dead, moved.refused) == (0, 0, 2)
    assert "OOM" in moved.refusal.why
    assert snapshot() == before

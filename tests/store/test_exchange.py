from __future__ import annotations

import pytest
import redis as redis_py

from verk_actors.store.exchange import InProgress, Kind, Limits, Settlement
from verk_actors.store.nodes import Nodes
from verk_actors.wire.keys import Keys

NOW = 1_700_000_000.5
TOKEN = "token"

KINDS: list[Kind] = ["ack", "retry", "dead", "discard", "snooze", "bury", "requeue"]


def hold(redis: redis_py.Redis, keys: Keys, *payloads: bytes) -> None:
    redis.lpush(keys.in_progress("default", "n1"), *payloads)


def enqueue(redis: redis_py.Redis, keys: Keys, *payloads: bytes) -> None:
    redis.lpush(keys.queue("default"), *payloads)


def settlement(kind: Kind, payload: bytes = b"job") -> Settlement:
    rewritten = kind in ("retry", "dead", "snooze", "bury")
    return Settlement(kind, payload, b"rewritten", NOW) if rewritten else Settlement(kind, payload)


# Fetching


def test_the_oldest_jobs_are_fetched_and_are_in_progress_then(redis, keys, in_progress):
    enqueue(redis, keys, b"1", b"2", b"3")

    exchanged = in_progress.exchange(TOKEN, [], 2, NOW)

    assert (exchanged.status, exchanged.settled, exchanged.payloads) == ("OK", [], [b"1", b"2"])
    assert in_progress.payloads() == [b"2", b"1"]
    assert in_progress.count() == 2
    assert redis.lrange(keys.queue("default"), 0, -1) == [b"3"]


def test_what_moves_together_moves_in_one_step(redis, keys, in_progress):
    """By few commands, whatever the number of jobs; those that end in another order are removed one by one."""
    payloads = [b"%d" % number for number in range(9)]
    enqueue(redis, keys, *payloads)
    assert in_progress.exchange(TOKEN, [], 9, NOW).payloads == payloads
    redis.config_resetstat()

    ended = [payloads[number] for number in (0, 1, 2, 3, 5, 4)]
    exchanged = in_progress.exchange(TOKEN, [settlement("ack", payload) for payload in ended], 9, NOW)

    assert exchanged.settled == [True] * 6
    assert in_progress.payloads() == [b"8", b"7", b"6"]
    calls = redis.info("commandstats")
    assert {name: calls[f"cmdstat_{name}"]["calls"] for name in ("ltrim", "lrem", "lmove")} == {
        "ltrim": 1,
        "lrem": 2,
        "lmove": 1,
    }


def test_a_node_that_fetches_is_known_to_have_jobs_of_the_queue(redis, keys, in_progress):
    enqueue(redis, keys, b"job")

    in_progress.exchange(TOKEN, [], 1, NOW)

    assert redis.smembers(keys.node_queues("n1")) == {b"default"}


def test_an_empty_queue_yields_nothing_and_leaves_no_trace(redis, keys, in_progress, snapshot):
    before = snapshot()

    exchanged = in_progress.exchange(TOKEN, [], 25, NOW)

    assert (exchanged.status, exchanged.payloads, exchanged.trimmed) == ("OK", [], 0)
    assert snapshot() == before


def test_nothing_is_fetched_if_nothing_is_asked_for(redis, keys, in_progress):
    enqueue(redis, keys, b"job")

    assert in_progress.exchange(TOKEN, [], 0, NOW).payloads == []
    assert in_progress.exchange("not the holder", [], 0, NOW).status == "OK"


@pytest.mark.parametrize("payload", [b"", b"\x00\xff\r\n*3\r\n$-1", b"x" * (2 << 20)], ids=["empty", "binary", "huge"])
def test_any_bytes_pass_through_untouched(redis, keys, in_progress, payload):
    enqueue(redis, keys, payload)

    assert in_progress.exchange(TOKEN, [], 1, NOW).payloads == [payload]
    assert in_progress.exchange(TOKEN, [Settlement("requeue", payload)], 0, NOW).settled == [True]
    assert redis.lrange(keys.queue("default"), 0, -1) == [payload]
    assert in_progress.payloads() == []


def test_fetching_stops_at_the_job_that_makes_too_many_bytes(connection, redis, keys, in_progress):
    enqueue(redis, keys, b"12345", b"67890", b"12345", b"67890")

    def fetched(max_bytes: int) -> list[bytes]:
        limited = InProgress(connection, keys, "default", "n1", Limits(max_bytes=max_bytes))
        return limited.exchange(TOKEN, [], 3, NOW).payloads

    assert fetched(max_bytes=10) == [b"12345", b"67890"]
    assert fetched(max_bytes=6) == [b"12345", b"67890"]


def test_one_exchange_fetches_500_jobs_at_most(redis, keys, in_progress):
    enqueue(redis, keys, *(b"%d" % number for number in range(501)))

    assert len(in_progress.exchange(TOKEN, [], 501, NOW).payloads) == 500


# Settling


@pytest.mark.parametrize("kind", KINDS)
def test_a_settled_job_is_where_it_belongs_and_nowhere_else(redis, keys, in_progress, kind):
    hold(redis, keys, b"job")

    exchanged = in_progress.exchange(TOKEN, [settlement(kind)], 0, NOW)

    assert exchanged.settled == [True]
    assert in_progress.payloads() == []
    assert redis.zrange(keys.retry, 0, -1) == ([b"rewritten"] if kind == "retry" else [])
    assert redis.zrange(keys.schedule, 0, -1) == ([b"rewritten"] if kind == "snooze" else [])
    assert redis.zrange(keys.dead, 0, -1) == ([b"rewritten"] if kind in ("dead", "bury") else [])
    assert redis.lrange(keys.queue("default"), 0, -1) == ([b"job"] if kind == "requeue" else [])


def test_a_failed_job_is_stored_with_its_time(redis, keys, in_progress):
    hold(redis, keys, b"1", b"2")

    in_progress.exchange(TOKEN, [Settlement("retry", b"1", b"later", 5), Settlement("dead", b"2", b"end", NOW)], 0, NOW)

    assert redis.zscore(keys.retry, b"later") == 5
    assert redis.zscore(keys.dead, b"end") == NOW


@pytest.mark.parametrize(
    ("kind", "key"), [("bury", "dead"), ("dead", "dead"), ("retry", "retry"), ("snooze", "schedule")]
)
def test_a_job_that_is_not_written_anew_is_stored_as_it_is(redis, keys, in_progress, kind, key):
    hold(redis, keys, b"1")

    payload = b"1"
    in_progress.exchange(TOKEN, [Settlement(kind, payload, payload, NOW)], 0, NOW)

    assert redis.zrange(getattr(keys, key), 0, -1) == [b"1"]
    assert in_progress.payloads() == []


def test_settlements_are_answered_in_order_and_done_before_the_fetch(redis, keys, in_progress):
    hold(redis, keys, b"1", b"2", b"3")
    enqueue(redis, keys, b"4")
    settlements = [
        settlement("dead", b"3"),
        settlement("ack", b"gone"),
        settlement("requeue", b"2"),
        settlement("retry", b"gone too"),
        settlement("ack", b"1"),
    ]

    exchanged = in_progress.exchange(TOKEN, settlements, 2, NOW)

    assert exchanged.settled == [True, False, True, False, True]
    assert exchanged.payloads == [b"2", b"4"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_job_that_is_no_longer_in_progress_here_is_not_settled(in_progress, snapshot, kind):
    before = snapshot()

    assert in_progress.exchange(TOKEN, [settlement(kind)], 0, NOW).settled == [False]
    assert snapshot() == before


@pytest.mark.parametrize("kind", KINDS)
def test_settling_again_after_a_lost_reply_changes_nothing(redis, keys, in_progress, snapshot, kind):
    hold(redis, keys, b"job")
    in_progress.exchange(TOKEN, [settlement(kind)], 0, NOW)
    before = snapshot()

    assert in_progress.exchange(TOKEN, [settlement(kind)], 0, NOW).settled == [False]
    assert snapshot() == before


def test_jobs_that_are_equal_to_the_byte_are_settled_one_by_one(redis, keys, in_progress):
    hold(redis, keys, b"twin", b"twin")

    assert in_progress.exchange(TOKEN, [settlement("ack", b"twin")], 0, NOW).settled == [True]
    assert in_progress.payloads() == [b"twin"]
    assert in_progress.exchange(TOKEN, [settlement("ack", b"twin")] * 2, 0, NOW).settled == [True, False]


def test_any_number_of_jobs_is_settled_in_parts(redis, keys, in_progress):
    payloads = [b"%d" % number for number in range(1100)]
    hold(redis, keys, *payloads)
    enqueue(redis, keys, b"next")
    settlements = [Settlement("ack", payload) for payload in payloads]
    settlements[700] = Settlement("dead", b"gone", b"", NOW)

    exchanged = in_progress.exchange(TOKEN, settlements, 1, NOW)

    assert exchanged.settled == [number != 700 for number in range(1100)]
    assert exchanged.payloads == [b"next"]


# The lease


@pytest.mark.parametrize("holder", [None, "another"])
def test_without_the_lease_jobs_are_settled_but_none_is_fetched(redis, keys, in_progress, holder):
    hold(redis, keys, b"done")
    enqueue(redis, keys, b"next")
    redis.delete(keys.node("n1"))
    if holder:
        redis.set(keys.node("n1"), holder)

    exchanged = in_progress.exchange(TOKEN, [settlement("ack", b"done")], 1, NOW)

    assert (exchanged.status, exchanged.settled, exchanged.payloads) == ("FENCED", [True], [])
    assert redis.lrange(keys.queue("default"), 0, -1) == [b"next"]


def test_a_job_that_a_peer_has_rescued_gets_no_second_copy_from_its_first_node(connection, redis, keys, in_progress):
    """Verk adds the failed job to the retry set first, whoever has it by now: it then runs twice."""
    enqueue(redis, keys, b"job")
    in_progress.exchange(TOKEN, [], 1, NOW)
    redis.delete(keys.node("n1"))
    Nodes(connection, keys).rescue("n1", "default")

    exchanged = in_progress.exchange(TOKEN, [settlement("retry", b"job")], 1, NOW)

    assert (exchanged.status, exchanged.settled) == ("FENCED", [False])
    assert redis.zcard(keys.retry) == 0
    assert redis.lrange(keys.queue("default"), 0, -1) == [b"job"]

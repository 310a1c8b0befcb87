from __future__ import annotations

import pytest
import redis as redis_py

from verk_actors.errors import StoreError, StoreUnavailable
from verk_actors.settings.config import Config
from verk_actors.store.exchange import InProgress, Kind, Limits, Settlement
from verk_actors.wire.keys import Keys

NOW = 1_700_000_000.5  # 2023-11-14, UTC
DAY = "2023-11-14"
TOKEN = "token"

KINDS: list[Kind] = ["ack", "retry", "dead", "discard", "snooze", "bury", "requeue"]


def hold(redis: redis_py.Redis, keys: Keys, *payloads: bytes) -> None:
    redis.lpush(keys.in_progress("default", "n1"), *payloads)


def enqueue(redis: redis_py.Redis, keys: Keys, *payloads: bytes) -> None:
    redis.lpush(keys.queue("default"), *payloads)


def settlement(kind: Kind, payload: bytes = b"job") -> Settlement:
    rewritten = kind in ("retry", "dead", "snooze", "bury")
    return Settlement(kind, payload, b"rewritten", NOW) if rewritten else Settlement(kind, payload)


# Counters


@pytest.mark.parametrize(
    ("failures_are_processed", "processed"),
    [(True, 4), (False, 1)],
    ids=["as Sidekiq counts", "as Verk counts"],
)
def test_runs_are_counted_in_total_by_queue_and_by_day(
    connection, redis, keys, in_progress, failures_are_processed, processed
):
    hold(redis, keys, *(kind.encode() for kind in KINDS))
    limits = Limits(failures_are_processed=failures_are_processed)

    InProgress(connection, keys, "default", "n1", limits).exchange(
        TOKEN, [settlement(kind, kind.encode()) for kind in KINDS], 0, NOW
    )

    # ack succeeded; retry, dead and discard failed; what was snoozed, buried or requeued did not run to an end
    for suffix in ("", ":default", f":{DAY}"):
        assert redis.get(f"app:stat:processed{suffix}") == b"%d" % processed
        assert redis.get(f"app:stat:failed{suffix}") == b"3"


def test_a_days_counters_end_after_five_years_and_the_next_day_has_its_own(redis, keys, in_progress):
    hold(redis, keys, b"1", b"2", b"3")

    in_progress.exchange(TOKEN, [settlement("ack", b"1"), settlement("discard", b"2")], 0, NOW)
    in_progress.exchange(TOKEN, [settlement("ack", b"3")], 0, NOW + 86_400)

    assert redis.get(f"app:stat:processed:{DAY}") == b"2"
    assert redis.get("app:stat:processed:2023-11-15") == b"1"
    for key in (f"app:stat:processed:{DAY}", f"app:stat:failed:{DAY}"):
        assert 4.9 < redis.ttl(key) / (365 * 86_400) <= 5
    assert redis.ttl(keys.processed) == -1


def test_a_counter_that_holds_something_else_stops_no_job(redis, keys, in_progress):
    hold(redis, keys, b"job")
    redis.set(keys.processed, "many")
    redis.rpush(f"app:stat:processed:{DAY}", "no number")

    assert in_progress.exchange(TOKEN, [settlement("ack")], 0, NOW).settled == [True]
    assert redis.get(keys.processed_of("default")) == b"1"


# The dead set stays small


def test_the_oldest_dead_jobs_go_when_there_are_too_many(connection, redis, keys, in_progress):
    hold(redis, keys, b"job")
    redis.zadd(keys.dead, {b"old": NOW - 2, b"older": NOW - 3, b"young": NOW - 1})
    limited = InProgress(connection, keys, "default", "n1", Limits(max_dead_jobs=2))

    assert limited.exchange(TOKEN, [settlement("dead")], 0, NOW).trimmed == 2
    assert redis.zrange(keys.dead, 0, -1) == [b"young", b"rewritten"]


def test_dead_jobs_go_when_they_are_too_old(connection, redis, keys, in_progress):
    hold(redis, keys, b"job")
    redis.zadd(keys.dead, {b"old": NOW - 61, b"young": NOW - 59})
    limited = InProgress(connection, keys, "default", "n1", Limits(dead_timeout_seconds=60))

    assert limited.exchange(TOKEN, [settlement("bury")], 0, NOW).trimmed == 1
    assert redis.zrange(keys.dead, 0, -1) == [b"young", b"rewritten"]


def test_what_goes_in_each_part_of_a_long_exchange_is_counted_together(connection, redis, keys, in_progress):
    redis.zadd("app:dead", {f"old {number}": 1.0 for number in range(7)})
    payloads = [b"%d" % number for number in range(501)]
    hold(redis, keys, *payloads)
    settlements = [settlement("ack", payload) for payload in payloads]
    settlements[0], settlements[-1] = (Settlement("bury", payloads[at], b"new %d" % at, NOW) for at in (0, -1))
    kept = InProgress(connection, keys, "default", "n1", Limits(max_dead_jobs=1))

    exchanged = kept.exchange(TOKEN, settlements, 0, NOW)

    assert exchanged.settled == [True] * 501
    assert exchanged.trimmed == 8  # the seven, and the first of the two


def test_the_limits_are_those_of_the_configuration():
    assert Limits().max_dead_jobs == Config().max_dead_jobs
    assert Limits().dead_timeout_seconds == Config().dead_timeout_seconds


def test_all_jobs_in_progress_are_listed_the_newest_first(redis, keys, in_progress):
    hold(redis, keys, *(b"%d" % number for number in range(5)))

    assert in_progress.payloads() == [b"4", b"3", b"2", b"1", b"0"]
    assert in_progress.count() == 5


def test_1000_dead_jobs_go_at_a_time_so_that_no_script_takes_long(connection, redis, keys, in_progress):
    hold(redis, keys, b"1", b"2")
    redis.zadd(keys.dead, {b"%d" % number: number for number in range(1500)})
    limited = InProgress(connection, keys, "default", "n1", Limits(max_dead_jobs=0))

    assert limited.exchange(TOKEN, [settlement("dead", b"1")], 0, NOW).trimmed == 1000
    assert limited.exchange(TOKEN, [settlement("dead", b"2")], 0, NOW).trimmed == 501


# Trouble


@pytest.mark.parametrize("name", ["inprogress:default:n1", "verk:node:n1", "verk:node:n1:queues"])
def test_a_key_of_the_wrong_type_fails_an_exchange_that_then_has_done_nothing(redis, keys, in_progress, snapshot, name):
    """Redis does not roll a script back: removed and then not added, a job would be lost."""
    hold(redis, keys, b"job")
    enqueue(redis, keys, b"next")
    redis.delete(f"app:{name}")
    redis.zadd(f"app:{name}", {"something": 1})
    before = snapshot()

    with pytest.raises(StoreError, match="WRONGTYPE"):
        in_progress.exchange(TOKEN, [settlement("ack"), settlement("requeue")], 1, NOW)
    assert snapshot() == before


@pytest.mark.parametrize(
    ("kind", "name"), [("retry", "retry"), ("dead", "dead"), ("bury", "dead"), ("requeue", "queue:default")]
)
def test_a_place_of_the_wrong_type_costs_no_job_and_holds_up_no_other(redis, keys, in_progress, snapshot, kind, name):
    hold(redis, keys, b"first", b"job", b"last")
    redis.set(f"app:{name}", "no set")

    settlements = [settlement("ack", b"first"), settlement(kind), settlement("ack", b"last")]
    exchanged = in_progress.exchange(TOKEN, settlements, 0, NOW)

    assert exchanged.settled == [True, None, True]
    assert str(exchanged.refusal).startswith("settle app:inprogress:default:n1 failed: WRONGTYPE")
    assert in_progress.payloads() == [b"job"]
    assert redis.get(keys.processed) == b"2"
    assert redis.get(keys.failed) is None
    redis.delete(f"app:{name}")
    assert in_progress.exchange(TOKEN, settlements, 0, NOW).settled == [False, True, False]


def test_what_one_of_many_parts_refused_is_told(redis, keys, in_progress):
    payloads = [b"%d" % number for number in range(501)]
    hold(redis, keys, *payloads)
    redis.set(keys.retry, "no set")
    settlements = [settlement("retry", payloads[0]), *(settlement("ack", payload) for payload in payloads[1:])]

    exchanged = in_progress.exchange(TOKEN, settlements, 0, NOW)

    assert exchanged.settled == [None] + [True] * 500
    assert exchanged.refusal is not None


def test_a_queue_that_is_no_list_is_told_as_the_status_of_what_was_settled(redis, keys, in_progress):
    hold(redis, keys, b"job")
    redis.set(keys.queue("default"), "no list")

    exchanged = in_progress.exchange(TOKEN, [settlement("ack")], 1, NOW)

    assert exchanged.settled == [True]
    assert exchanged.status.startswith("WRONGTYPE")
    with pytest.raises(StoreError, match="exchange app:inprogress:default:n1 failed: WRONGTYPE"):
        in_progress.exchange(TOKEN, [], 1, NOW)


def test_a_score_that_is_no_number_costs_no_job(redis, keys, in_progress):
    hold(redis, keys, b"job")

    exchanged = in_progress.exchange(TOKEN, [Settlement("retry", b"job", b"new", float("nan"))], 0, NOW)

    assert exchanged.settled == [None]
    assert "not a valid float" in str(exchanged.refusal)
    assert in_progress.payloads() == [b"job"]


def test_a_full_server_refuses_a_fetch_alone(redis, keys, in_progress, full_server):
    enqueue(redis, keys, b"next")
    full_server()

    with pytest.raises(StoreError, match="exchange app:inprogress:default:n1 failed: OOM"):
        in_progress.exchange(TOKEN, [], 1, NOW)
    assert in_progress.payloads() == []
    assert redis.llen(keys.queue("default")) == 1


def test_a_full_server_hands_out_jobs_in_the_place_of_those_that_have_ended(redis, keys, in_progress, full_server):
    """It needs no memory to move a job, and gets some back when the job ends well."""
    hold(redis, keys, b"job")
    enqueue(redis, keys, b"next")
    full_server()

    assert in_progress.exchange(TOKEN, [settlement("ack")], 1, NOW).payloads == [b"next"]


def test_a_server_that_refuses_all_writes_is_an_outage_in_which_nothing_was_done(redis, keys, in_progress, snapshot):
    hold(redis, keys, b"job")
    enqueue(redis, keys, b"next")
    before = snapshot()
    redis.config_set("min-replicas-to-write", 1)
    try:
        for settlements in ([], [settlement("ack")]):
            with pytest.raises(
                StoreUnavailable, match="exchange app:inprogress:default:n1 failed: NOREPLICAS"
            ) as caught:
                in_progress.exchange(TOKEN, settlements, 1, NOW)
            assert not caught.value.sent
    finally:
        redis.config_set("min-replicas-to-write", 0)
    assert snapshot() == before


@pytest.mark.parametrize("kind", KINDS)
def test_a_full_server_still_settles(redis, keys, in_progress, full_server, kind):
    hold(redis, keys, b"job")
    full_server()

    assert in_progress.exchange(TOKEN, [settlement(kind)], 1, NOW).settled == [True]
    assert redis.get(keys.processed) == (b"1" if kind in ("ack", "retry", "dead", "discard") else None)


def test_a_server_that_has_forgotten_the_script_is_told_it_again(redis, keys, in_progress):
    enqueue(redis, keys, b"job")
    redis.script_flush()

    assert in_progress.exchange(TOKEN, [], 1, NOW).payloads == [b"job"]

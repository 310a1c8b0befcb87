"""Periodic jobs in Redis: of all who find a time due one enqueues its job, and none that was seen to comes again."""

from __future__ import annotations

import json

import pytest

from verk_actors.errors import StoreError
from verk_actors.store.cron import Claim, CronEntries
from verk_actors.store.entries import Entry, Lock
from verk_actors.wire import cron_entry, cron_runs
from verk_actors.wire.cron_entry import CronEntry
from verk_actors.wire.cron_runs import CronRun
from verk_actors.wire.cron_schedule import CronSchedule
from verk_actors.wire.job import Job

HOURLY = CronEntry("hourly", Job(class_="Report", args=[1], queue="q"), CronSchedule("@hourly"))
JOB = Entry("q", "jid", b"payload")
AT_ONCE = 300.0  # seconds: a busy machine takes its time, and the times of `hourly` are half a century ago


@pytest.fixture
def entries(connection, keys) -> CronEntries:
    """Return the periodic jobs, none so far."""
    return CronEntries(connection, keys)


@pytest.fixture
def hourly(entries) -> CronEntries:
    """Return them with one that was entered ten hours into 1970, when its times begin."""
    entries.put(HOURLY, instead_of=None)
    entries._commands.call("HSET", entries._keys.cron_slots, "hourly", 36_000)
    return entries


def test_one_is_entered_as_it_is_and_its_times_count_from_then_on(entries, redis):
    assert entries.put(HOURLY, instead_of=None)

    table = entries.look()
    assert cron_entry.read("hourly", table.definitions["hourly"]) == HOURLY
    assert table.slots["hourly"] == pytest.approx(table.now, abs=AT_ONCE)
    assert table.now == pytest.approx(float(redis.time()[0]), abs=AT_ONCE)
    assert (table.paused, table.told, table.runs, table.results) == (frozenset(), {}, {}, {})
    assert not entries.put(HOURLY, instead_of=None), "there is one"


def test_of_many_who_claim_a_time_one_enqueues(hourly, redis, keys):
    claims = [hourly.claim("hourly", 39_600.0, Entry("q", jid, jid.encode()), 39_601.5) for jid in "abc"]

    assert [claim.status for claim in claims] == ["OK", "PASSED", "PASSED"]
    assert redis.lrange(keys.queue("q"), 0, -1) == [b"a"]
    assert redis.smembers(keys.queues) == {b"q"}
    table = hourly.look()
    assert table.slots == {"hourly": 39_600.0}
    assert cron_runs.run_in(table.runs["hourly"]) == CronRun(jid="a", enqueued_at=39_601.5, slot_at=39_600.0)


def test_no_time_before_the_last_is_claimed_whatever_the_clock_says(hourly, redis, keys):
    assert hourly.claim("hourly", 43_200.0, JOB, 0).status == "OK"
    assert hourly.claim("hourly", 39_600.0, JOB, 0).status == "PASSED"
    assert hourly.put(HOURLY, instead_of=cron_entry.write(HOURLY)), "it is entered again"
    assert hourly.claim("hourly", 43_200.0, JOB, 0).status == "PASSED"
    assert redis.llen(keys.queue("q")) == 1


def test_a_claim_needs_the_entry_as_it_was_read(hourly):
    assert hourly.claim("hourly", 39_600.0, JOB, 0, definition=b"another").status == "GONE"
    assert hourly.claim("hourly", 39_600.0, JOB, 0, definition=cron_entry.write(HOURLY)).status == "OK"
    assert hourly.claim("another", 39_600.0, JOB, 0).status == "GONE"
    assert hourly.remove("hourly")
    assert hourly.claim("hourly", 43_200.0, JOB, 0).status == "GONE"
    assert not hourly.remove("hourly")


def test_while_it_is_paused_its_times_pass_but_it_can_be_run_by_hand(hourly, redis, keys):
    assert hourly.pause("hourly")
    assert hourly.claim("hourly", 39_600.0, JOB, 0).status == "PAUSED"
    assert hourly.claim("hourly", None, JOB, 7.0).status == "OK"
    assert cron_runs.run_in(hourly.look().runs["hourly"]) == CronRun(jid="jid", enqueued_at=7.0)

    assert hourly.resume("hourly")
    table = hourly.look()
    assert table.paused == frozenset()
    assert table.slots["hourly"] == pytest.approx(table.now, abs=AT_ONCE), "none of them is made up for"
    assert redis.llen(keys.queue("q")) == 1
    assert not hourly.pause("another")
    assert not hourly.resume("another")


def test_a_unique_job_is_kept_out_by_the_one_before_and_its_time_is_over(hourly, redis, keys):
    unique = Entry("q", "second", b"second", locks=[Lock(keys.unique("t"), 60.0)])
    redis.set(keys.unique("t"), "first")

    assert hourly.claim("hourly", 39_600.0, unique, 1.0) == Claim("KEPT_OUT", "first")
    assert hourly.claim("hourly", 39_600.0, unique, 2.0) == Claim("PASSED")
    assert redis.llen(keys.queue("q")) == 0
    run = cron_runs.run_in(hourly.look().runs["hourly"])
    assert run == CronRun(jid="", enqueued_at=1.0, slot_at=39_600.0, kept_out=True)

    redis.delete(keys.unique("t"))
    assert hourly.claim("hourly", 43_200.0, unique, 3.0).status == "OK"
    assert redis.get(keys.unique("t")) == b"second"
    assert 30_000 < redis.pttl(keys.unique("t")) <= 60_000


def test_of_one_that_a_middleware_halts_the_time_is_over_and_nothing_is_enqueued(hourly, redis, keys):
    assert hourly.claim("hourly", 39_600.0, Entry("q", "jid", b""), 1.0).status == "OK"
    assert redis.keys(keys.queue("q")) == []
    assert hourly.look().runs == {}
    assert hourly.claim("hourly", 39_600.0, JOB, 2.0).status == "PASSED"


def test_another_definition_takes_the_place_of_the_one_that_was_read_and_of_no_other(hourly):
    daily = CronEntry("hourly", HOURLY.job, CronSchedule("@daily"))
    assert not hourly.put(daily, instead_of=b"another")
    assert hourly.put(daily, instead_of=cron_entry.write(HOURLY))
    assert hourly.look().slots == {"hourly": 36_000.0}, "what was missed is made up for, by the new one's window"

    assert hourly.put(HOURLY, instead_of=cron_entry.write(daily), anew=True)
    table = hourly.look()
    assert table.slots["hourly"] == pytest.approx(table.now, abs=AT_ONCE)


def test_who_has_one_is_told_and_what_is_left_of_removed_ones_goes_when_others_come(hourly, redis, keys):
    told = hourly.look(["hourly"])
    assert told.told == {}
    assert hourly.look().told["hourly"] == pytest.approx(told.now, abs=AT_ONCE)

    hourly.remove("hourly")
    assert redis.keys() == []
    redis.hset(keys.cron_results, mapping=dict.fromkeys(["hourly", "earlier"], json.dumps({"jid": "late"})))
    hourly.put(CronEntry("another", HOURLY.job, HOURLY.schedule), instead_of=None)
    assert hourly.look().results == {}


ASKS = {
    "claim": lambda entries: entries.claim("hourly", 39_600.0, JOB, 0),
    "look": lambda entries: entries.look(["hourly"]),
    "remove": lambda entries: entries.remove("hourly"),
    "put": lambda entries: entries.put(HOURLY, instead_of=cron_entry.write(HOURLY), anew=True),
}


@pytest.mark.parametrize(
    ("ask", "ignores"),
    [
        ("claim", {"cron_told", "cron_results"}),
        ("look", {"queues", "queue"}),
        ("remove", {"queues", "queue"}),
        ("put", {"cron_told", "queues", "queue"}),
    ],
)
def test_where_a_key_holds_something_else_nothing_is_done(hourly, redis, keys, ask, ignores, snapshot):
    for name in ("cron", "cron_slots", "cron_paused", "cron_told", "cron_runs", "cron_results", "queues", "queue"):
        key = keys.queue("q") if name == "queue" else getattr(keys, name)
        saved = redis.dump(key)
        redis.set(key, "something else")
        before = snapshot()
        if name not in ignores:
            with pytest.raises(StoreError, match="WRONGTYPE"):
                ASKS[ask](hourly)
            assert snapshot() == before, name
        redis.delete(key)
        if saved is not None:
            redis.restore(key, 0, saved)

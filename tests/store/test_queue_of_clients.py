"""One queue as dashboards use it: latency, pages, a selection, pauses, removal."""

from __future__ import annotations

import json
import time

import pytest

from verk_actors.store.job_filter import JobFilter
from verk_actors.store.members import Malformed
from verk_actors.store.nodes import Nodes
from verk_actors.store.queue import Queue, paused_names, queue_names
from verk_actors.store.requests import HEARTBEAT_NOW, Requests


def job(jid: object, **fields: object) -> bytes:
    return json.dumps({"class": "Add", "args": [1], "jid": f"jid{jid}", **fields}).encode()


@pytest.fixture
def queue(connection, keys):
    """Return the queue `default`, still empty."""
    return Queue(connection, keys, "default")


@pytest.mark.parametrize("unit", [1, 1000], ids=["seconds", "milliseconds"])
def test_the_latency_is_the_time_since_the_oldest_job_was_enqueued(queue, unit):
    now = time.time()
    queue.push(job(1, enqueued_at=int((now - 100) * unit)), job(2, enqueued_at=now))

    assert 98 < queue.latency_seconds() < 160


@pytest.mark.parametrize("payload", [b"no job", job(1), job(1, enqueued_at="yesterday"), job(1, enqueued_at=4e9)])
def test_a_queue_whose_oldest_member_does_not_tell_has_no_latency(queue, payload):
    assert queue.latency_seconds() == 0.0
    queue.push(payload)
    assert queue.latency_seconds() == 0.0


@pytest.mark.parametrize("passed_over", [b"no job", job(1)])
def test_the_latency_is_that_of_the_next_job_that_tells(queue, passed_over):
    now = time.time()
    queue.push(*[passed_over] * 9, job(2, created_at=now - 100), job(3, enqueued_at=now))

    assert 98 < queue.latency_seconds() < 160


def test_only_a_few_jobs_are_asked_how_long_they_have_waited(queue):
    queue.push(*[b"no job"] * 10, job(2, enqueued_at=time.time() - 100))

    assert queue.latency_seconds() == 0.0


def test_pages_hold_every_job_from_the_newest_and_those_that_fit(queue):
    queue.push(*[job(number, tags=["odd"] * (number % 2)) for number in range(2500)], b"no job")

    found = [member for page in queue.pages() for member in page]
    assert isinstance(found[0], Malformed)
    assert [member.jid for member in found[1:]] == [f"jid{number}" for number in reversed(range(2500))]
    odd = [member.jid for page in queue.pages(JobFilter(queue="default", text="odd")) for member in page]
    assert odd == [f"jid{number}" for number in reversed(range(2500)) if number % 2]
    assert list(queue.pages(JobFilter(queue="other"))) == []


def test_pages_of_long_payloads_are_short(queue):
    queue.push(*[job(number, text="x" * 100_000) for number in range(60)])

    pages = list(queue.pages())
    assert max(map(len, pages)) <= 32
    assert [member.jid for page in pages for member in page] == [f"jid{number}" for number in reversed(range(60))]


def test_no_job_is_passed_over_because_others_are_taken(queue, redis, keys):
    queue.push(*map(job, range(2500)))
    pages = queue.pages()

    found = {member.jid for member in next(pages)}
    redis.rpop(keys.queue("default"), 500)
    found |= {member.jid for page in pages for member in page}
    assert found == {f"jid{number}" for number in range(500, 2500)}


def test_a_selection_is_deleted_and_counted(queue):
    # spec 4.8 case 149, 4.17 case 240
    queue.push(*map(job, range(10)))

    assert queue.delete_many([*queue.range(0, 3), b"not there"]) == 4
    assert [member.jid for member in queue.range()] == [f"jid{number}" for number in (5, 4, 3, 2, 1, 0)]


def test_clear_tells_whether_there_was_anything(queue):
    # spec 4.8 case 147
    queue.push(job(1))

    assert queue.clear() is True
    assert queue.clear() is False


def test_a_removed_queue_leaves_nothing_of_itself_and_no_other_is_touched(queue, connection, redis, keys):
    # spec 4.17 case 235, 4.18 case 245
    assert queue.remove() is False
    queue.push(job(1))
    queue.pause()
    Queue(connection, keys, "low").push(job(2))

    assert queue.remove() is True
    assert (queue_names(connection, keys), paused_names(connection, keys)) == (["low"], [])
    assert not redis.exists(keys.queue("default"))


def test_a_pause_is_a_name_in_sidekiqs_set_and_is_said_once(queue, connection, redis, keys):
    assert not queue.is_paused()
    assert (queue.pause(), queue.pause()) == (True, False)
    assert queue.is_paused()
    assert redis.smembers("app:paused") == {b"default"}
    assert paused_names(connection, keys) == ["default"]
    assert (queue.resume(), queue.resume()) == (True, False)
    assert not queue.is_paused()


def test_whoever_pauses_a_queue_asks_each_node_for_a_heartbeat(queue, connection, keys):
    for node_id in ("n1", "n2"):
        Nodes(connection, keys).heartbeat(node_id, "token", 60_000, ["default"])

    queue.pause()

    for node_id in ("n1", "n2"):
        request = Requests(connection, keys).take(node_id)
        assert request is not None
        assert request.question == HEARTBEAT_NOW

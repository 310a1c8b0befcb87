"""What pages and the API tell of sets and of one job, read through a client."""

from __future__ import annotations

import json

import pytest
import redis as redis_py

from verk_actors.client import Client
from verk_actors.store.handles import handle_of
from verk_actors.store.job_filter import JobFilter
from verk_actors.web.redaction import Redaction
from verk_actors.web.views import job_search
from verk_actors.web.views.job_details import JobDetails
from verk_actors.web.views.job_search import InvalidSearch, look_up, search
from verk_actors.web.views.job_sets import read_set

OPEN = Redaction(None)
HIDING = Redaction(lambda _, args: ["?"] * len(args))
FAILED = {
    "class": "Add",
    "args": ["secret"],
    "queue": "low",
    "jid": "failed",
    "retry": 3,
    "retry_count": 1,
    "created_at": 1.5,
    "enqueued_at": 2.5,
    "failed_at": 3.5,
    "retried_at": 4.5,
    "error_class": "ValueError",
    "error_message": "no",
    "unknown": [{}],
    "unique_for": 60,
    "unique_token": "t",
    "unlocks_at": 99.5,
}


def payload(jid: object, class_: str = "Add") -> bytes:
    return json.dumps({"class": class_, "args": [jid], "queue": "low", "jid": f"j{jid}"}).encode()


def found(client: Client, jid: str, **options: object) -> tuple[JobDetails | None, int]:
    """Search to the end; returns the job and how many parts it took."""
    part, parts = search(client, jid, OPEN, **options), 1
    while part.cursor is not None:
        assert parts < 20
        assert part.passed <= part.total
        part, parts = search(client, jid, OPEN, cursor=part.cursor), parts + 1
    return part.job, parts


def test_pages_of_a_set_go_by_number_and_the_last_dead_job_comes_first(client: Client, redis: redis_py.Redis) -> None:
    for key in ("retry", "dead"):
        redis.zadd(key, {payload(number): number for number in range(7)})

    def jids(name: str, **options: int) -> list[str | None]:
        return [row.jid for row in read_set(client, name, OPEN, per_page=3, **options).rows]

    assert jids("retries", page=2) == ["j3", "j4", "j5"]
    assert jids("retries", page=9) == jids("retries", page=3) == ["j6"]
    assert jids("retries", page=-9) == jids("retries") == ["j0", "j1", "j2"]
    assert (jids("dead"), jids("dead", page=3)) == (["j6", "j5", "j4"], ["j0"])
    assert read_set(client, "dead", OPEN, per_page=3).pages == 3
    assert read_set(client, "scheduled", OPEN).pages == 1


def test_a_filter_goes_by_cursor(client: Client, redis: redis_py.Redis) -> None:
    redis.zadd("dead", {payload(number, "Add" if number % 2 else "Other"): number for number in range(8)})
    where = JobFilter(class_="Add")

    first = read_set(client, "dead", OPEN, where, per_page=3)
    rest = read_set(client, "dead", OPEN, where, per_page=3, cursor=first.cursor)

    assert [row.jid for row in [*first.rows, *rest.rows]] == ["j7", "j5", "j3", "j1"]
    assert (first.passed, first.total, first.page, rest.cursor) == (5, 8, None, None)


def test_a_row_tells_of_a_job_and_of_what_is_none(client: Client, redis: redis_py.Redis) -> None:
    failed = json.dumps(FAILED).encode()
    redis.zadd("retry", {failed: 5.5, b"no job": 6.5})

    job, malformed = read_set(client, "retries", HIDING).rows

    assert (job.handle, job.at, job.jid, job.class_, job.queue) == (handle_of(failed, 5.5), 5.5, "failed", "Add", "low")
    assert (job.args, job.retry_count, job.error_class, job.error_message) == (["?"], 2, "ValueError", "no")
    assert (malformed.jid, malformed.args, malformed.at) == (None, None, 6.5)
    assert malformed.flaw


def test_details_have_all_that_is_known(client: Client, redis: redis_py.Redis) -> None:
    failed = json.dumps(FAILED).encode()
    redis.zadd("retry", {failed: 5.5, b"no \xff job": 6.5})

    job = look_up(client, "retries", handle_of(failed, 5.5), OPEN)
    malformed = look_up(client, "retries", handle_of(b"no \xff job", 6.5), OPEN)

    assert job is not None
    assert (job.where, job.jid, job.raw, job.size) == ("retries", "failed", failed.decode(), len(failed))
    assert [(moment.what, moment.at) for moment in job.timeline] == [
        ("created", 1.5),
        ("enqueued", 2.5),
        ("failed first", 3.5),
        ("failed last", 4.5),
        ("due", 5.5),
    ]
    assert job.extra == {"unknown": [{}]}
    assert job.options == {"max_retry_count": 3, "unique_for": 60, "unique_token": "t", "unlocks_at": 99.5}
    assert malformed is not None
    assert (malformed.raw, malformed.jid) == ("no \\xff job", None)
    assert look_up(client, "dead", handle_of(failed, 5.5), OPEN) is None


def test_nothing_of_a_payload_is_told_that_may_be_hidden(client: Client, redis: redis_py.Redis) -> None:
    failed = json.dumps(FAILED).encode()
    redis.zadd("retry", {failed: 5.5, b"secret": 6.5})

    told = [look_up(client, "retries", handle_of(one, at), HIDING) for one, at in ((failed, 5.5), (b"secret", 6.5))]

    assert "secret" not in repr(told)


@pytest.mark.parametrize("key", ["retry", "schedule", "dead", "queue:low", "queue:other"])
def test_a_job_is_found_wherever_it_is_in_bounded_parts(
    client: Client, redis: redis_py.Redis, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_search, "_MOST_PASSED", 100)
    for name in ("retry", "schedule", "dead"):
        redis.zadd(name, {payload(f"{name}{number}"): number for number in range(150)})
    for name in ("low", "other"):
        redis.sadd("queues", name)
        redis.lpush(f"queue:{name}", *(payload(f"{name}{number}") for number in range(150)))
    if key.startswith("queue:"):
        redis.rpush(key, payload("wanted"))
    else:
        redis.zadd(key, {payload("wanted"): -1})

    job, parts = found(client, "jwanted")

    assert job is not None
    assert (job.where, job.jid) == (
        {"retry": "retries", "schedule": "scheduled", "dead": "dead"}.get(key, "queue"),
        "jwanted",
    )
    assert parts == {"retry": 2, "schedule": 4, "dead": 6, "queue:low": 8, "queue:other": 10}[key]
    assert found(client, "absent") == (None, 10)


def test_a_queue_that_is_named_is_looked_at_first(client: Client, redis: redis_py.Redis) -> None:
    redis.sadd("queues", "low")
    redis.lpush("queue:low", payload("1"))
    redis.zadd("dead", {payload("1"): 1})

    job, parts = found(client, "j1", queue="low")

    assert (job and job.where, parts) == ("queue", 1)


def test_what_a_job_has_returned_is_found_when_the_job_is_gone(client: Client, redis: redis_py.Redis) -> None:
    redis.set("verk:result:j1", json.dumps({"value": 7, "finished_at": 1.5}))

    assert (result := search(client, "j1", OPEN).result) is not None
    assert result.value == 7
    assert search(client, "j1", HIDING).result is None


@pytest.mark.parametrize("cursor", ["", "1", "1!", "x!!dead", "1!!nowhere", "-1!!dead"])
def test_a_text_that_is_no_cursor_of_a_search_is_refused(client: Client, cursor: str) -> None:
    with pytest.raises(InvalidSearch, match="is no cursor of a search"):
        search(client, "j1", OPEN, cursor=cursor)

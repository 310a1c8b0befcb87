"""A set of jobs does what its model, a dict, does: selections and filters, in any order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

import pytest
import redis as redis_py
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from verk_actors.settings.redis_url import RedisUrl
from verk_actors.store.connection import Connection
from verk_actors.store.job_filter import JobFilter
from verk_actors.store.job_sets import RetrySet
from verk_actors.wire.bookkeeping import restore
from verk_actors.wire.keys import Keys

KEYS = Keys("model")
NOW = 1000.0
NO_JOB = b"no job"


def written(class_: str, queue: str, jid: int) -> bytes:
    """Return a job in Verk's form that was enqueued once, so that a move leaves its bytes as they are."""
    return b'{"args":"[]","class":"%s","enqueued_at":1,"jid":"%d","queue":"%s"}' % (
        class_.encode(),
        jid,
        queue.encode(),
    )


JOBS = {written(c, q, jid): (c, q, str(jid)) for c in ("Add", "Mail") for q in ("q", "r") for jid in range(40)}
MEMBERS = [*JOBS, NO_JOB]
names = st.none() | st.sampled_from(["Add", "Mail", "Other"])
filters = st.builds(
    JobFilter,
    class_=names,
    queue=st.none() | st.sampled_from(["q", "r"]),
    jid=st.none() | st.sampled_from(["1", "13"]),
    text=st.none() | st.sampled_from(["jid", "no job", '"Add"', "absent"]),
)
some = st.lists(st.sampled_from(MEMBERS), max_size=60)
steps = st.lists(st.tuples(st.sampled_from(["delete", "requeue", "kill"]), some | filters), max_size=5)


def fits(where: JobFilter, member: bytes) -> bool:
    """Return what the filter should say, by looking at what the job was made of."""
    class_, queue, jid = JOBS.get(member, ("", "", ""))
    wanted = ((where.class_, class_), (where.queue, queue), (where.jid, jid))
    return all(one is None or one == found for one, found in wanted) and (where.text or "").encode() in member


@pytest.fixture(scope="module")
def connection(_redis_server: str) -> Iterator[Connection]:
    connection = Connection(RedisUrl(_redis_server), name="model")
    yield connection
    connection.close()


@pytest.mark.slow  # dozens of examples, each with some steps
@settings(max_examples=60, database=None, suppress_health_check=list(HealthCheck))
@given(at_first=st.sets(st.sampled_from(MEMBERS)), steps=steps)
def test_sets_do_what_their_model_does(
    connection: Connection,
    redis: redis_py.Redis,
    at_first: set[bytes],
    steps: list[tuple[str, list[bytes] | JobFilter]],
) -> None:
    redis.flushall()
    retry = RetrySet([connection], KEYS, lambda: NOW)
    members, queued, dead = set(at_first), Counter[bytes](), set[bytes]()
    for number, member in enumerate(sorted(at_first)):
        retry.add(member, float(number))
    do: dict[str, tuple[Callable[..., int], Callable[..., int]]] = {
        "delete": (retry.delete_many, retry.delete_all),
        "requeue": (retry.requeue_many, retry.requeue_all),
        "kill": (retry.kill_many, retry.kill_all),
    }
    for kind, what in steps:
        meant = {one for one in members if fits(what, one)} if isinstance(what, JobFilter) else members & set(what)
        meant -= {NO_JOB} if kind == "requeue" else set()
        assert do[kind][isinstance(what, JobFilter)](what) == len(meant)
        members -= meant
        if kind == "requeue":
            queued.update(meant)
        elif kind == "kill":
            dead |= meant

    assert set(redis.zrange(KEYS.retry, 0, -1)) == members
    assert Counter(redis.lrange(KEYS.queue("q"), 0, -1) + redis.lrange(KEYS.queue("r"), 0, -1)) == queued
    assert {restore(one) or one for one in redis.zrange(KEYS.dead, 0, -1)} == dead

"""Arguments and foreign keys stay as they were written, to the byte, through all that a job can live to see.

100,000 payloads with `--long`.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator

import attrs
import pytest
import redis as redis_py
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from support import json_texts

from verk_actors.settings.redis_url import RedisUrl
from verk_actors.store.connection import Connection
from verk_actors.store.due import DueJobs
from verk_actors.store.exchange import InProgress, Settlement
from verk_actors.store.job_sets import DeadSet
from verk_actors.store.nodes import Nodes
from verk_actors.store.queue import Queue
from verk_actors.wire.bookkeeping import failed
from verk_actors.wire.codec import decode
from verk_actors.wire.failure import Failure
from verk_actors.wire.job import Job
from verk_actors.wire.keys import Keys

NOW = 1_700_000_000.0
RETRIES = 25
TOKEN = "token"
JOBS_AT_A_TIME = 50
FAILURE = Failure(class_name="Wörse", message='it said "no"\n', backtrace=("a.py:1:in f", "b.py:2:in g"))
OURS = {field.name.rstrip("_") for field in attrs.fields(Job)} | {"retry"}
KEYS = Keys("app")
_CLASS = re.compile(rb'"class":"W\d+"')

foreign_keys = json_texts.texts.filter(lambda text: json.loads(text) not in OURS)


@attrs.frozen
class Written:
    """A payload, and the members of it that nobody may touch."""

    class_: bytes
    payload: bytes
    untouchable: tuple[bytes, ...]


@st.composite
def jobs(draw: st.DrawFn) -> list[Written]:
    """Return some jobs in either form, each with keys of its own among the known ones, in any order.

    They are made up of the same values, since drawing these takes longer than all else.
    """
    choice, some = random.Random(draw(st.integers())), draw(st.lists(json_texts.values, min_size=5, max_size=15))
    names = draw(st.lists(foreign_keys, min_size=3, max_size=6, unique_by=json.loads))
    written = []
    for number in range(JOBS_AT_A_TIME):
        args = "[" + choice.choice([",", " ,"]).join(choice.choices(some, k=choice.randrange(5))) + "]"
        if choice.random() < 0.4:
            args = json.dumps(args, ensure_ascii=choice.random() < 0.5)  # as Verk has it: JSON within JSON
        foreign = [f"{name}: {choice.choice(some)}" for name in choice.sample(names, choice.randrange(4))]
        untouchable = [f'"class":"W{number}"', f'"args":{args}', *foreign]
        known = [
            f'"jid":"j{number}"',
            '"queue":"q"',
            *choice.sample(['"retry":25', '"created_at":5.25'], choice.randrange(3)),
        ]
        members = [*untouchable, *known]
        choice.shuffle(members)
        payload = "{" + choice.choice([",", ", ", "\n,"]).join(members) + "}"
        written.append(Written(untouchable[0].encode(), payload.encode(), tuple(map(str.encode, untouchable))))
    return written


class Life:
    """The store, as a job comes to know it."""

    def __init__(self, connection: Connection) -> None:
        self.queue = Queue(connection, KEYS, "q")
        self.due = DueJobs(connection, KEYS)
        self.dead = DeadSet([connection], KEYS, lambda: NOW)
        self._in_progress = InProgress(connection, KEYS, "q", "n1")
        Nodes(connection, KEYS).heartbeat("n1", TOKEN, 3_600_000, ["q"])

    def fetch(self) -> list[Job]:
        """Take all jobs of the queue."""
        return [decode(payload, "q") for payload in self._in_progress.exchange(TOKEN, [], 500, NOW).payloads]

    def fail(self, kind: str, running: list[Job]) -> list[bytes]:
        """Have all of them fail; returns what is written."""
        new = [failed(job, error=FAILURE, now=NOW) for job in running]
        settlements = [
            Settlement(kind, job.payload or b"", payload, 0.0)  # type: ignore[arg-type]  # a kind
            for job, payload in zip(running, new, strict=True)
        ]
        assert all(self._in_progress.exchange(TOKEN, settlements, 0, 0.0).settled)
        return new

    def succeed(self, running: list[Job]) -> None:
        """Have all of them succeed."""
        settlements = [Settlement("ack", job.payload or b"") for job in running]
        assert all(self._in_progress.exchange(TOKEN, settlements, 0, NOW).settled)


def check(written: list[Written], payloads: list[bytes], *, read: bool = False) -> None:
    """Compare each job's members, by its class, with what was written; and what a parser reads of them."""
    found = {_CLASS.search(payload)[0]: payload for payload in payloads}  # type: ignore[index]  # all have one
    assert len(found) == len(payloads) == len(written)
    for job in written:
        now = found[job.class_]
        assert all(member in now for member in job.untouchable)
        assert not read or values(now) == values(job.payload)


def values(payload: bytes) -> dict[str, object]:
    """Return what a parser makes of the members that nobody may touch, its numbers as they are written."""
    read = json.loads(payload, parse_int=str, parse_float=str)
    return {key: value for key, value in read.items() if key in ("args", "class") or key not in OURS}


@pytest.fixture
def life(redis_url: str, redis: redis_py.Redis) -> Iterator[Life]:
    """Return a store that holds nothing."""
    connection = Connection(RedisUrl(redis_url), name="test")
    yield Life(connection)
    connection.close()


@pytest.mark.slow  # each job fails 26 times
@pytest.mark.timeout(3600)
def test_arguments_and_foreign_keys_stay_as_they_are_from_the_first_run_to_the_dead_set_and_back(
    life: Life, long: bool
) -> None:
    @settings(
        max_examples=100_000 // JOBS_AT_A_TIME if long else 6,
        phases=[Phase.explicit, Phase.generate] if long else list(Phase),
        suppress_health_check=list(HealthCheck),
    )
    @given(jobs())
    def live(written: list[Written]) -> None:
        life.queue.clear()
        life.dead.clear()
        life.queue.push(*(job.payload for job in written))
        for _ in range(RETRIES):
            check(written, life.fail("retry", life.fetch()))
            assert life.due.promote().moved == len(written)
        check(written, life.fail("dead", life.fetch()), read=True)
        buried = [member.payload for member in life.dead.range() if isinstance(member, Job) and member.payload]
        check(written, buried)
        assert all(life.dead.requeue(payload) for payload in buried)
        running = life.fetch()
        check(written, [job.payload or b"" for job in running], read=True)
        life.succeed(running)

    live()

"""Rows that time a client."""

from __future__ import annotations

from collections.abc import Callable

from redis import Redis

from verk_actors.cli.bench.drains import Figures
from verk_actors.cli.bench.ground import Ground
from verk_actors.cli.bench.jobs import noop
from verk_actors.cli.bench.marks import monotonic
from verk_actors.cli.bench.nodes import QUEUE
from verk_actors.cli.bench.stock import FILLING
from verk_actors.client import Client
from verk_actors.errors import VerkError
from verk_actors.settings.config import Config

_TURN = 500  # calls in a row: what disturbs one side soon disturbs the other


def one_by_one(ground: Ground, count: int) -> Figures:
    """Enqueue jobs with a call each; in turns with redis-py pushing the same bytes by LPUSH, and no more."""
    key = ground.keys.queue(QUEUE)
    ground.clear()
    with Client(Config(redis_url=ground.url)) as client, Redis.from_url(ground.url) as bare:
        job = noop.job(1, FILLING)
        client.enqueue(job)
        payload = ground.pool.call("LINDEX", key, 0)
        ours = theirs = 0.0
        for _ in range(0, count, _TURN):
            ours += _timed(lambda: client.enqueue(job))
            theirs += _timed(lambda: bare.lpush(key, payload))
    calls = len(range(0, count, _TURN)) * _TURN
    if (found := ground.pool.call("LLEN", key)) != 2 * calls + 1:
        raise VerkError(f"{2 * calls + 1} jobs were enqueued, {found} are there")
    ground.clear()
    return {"jobs/s": calls / ours, "bare LPUSH/s": calls / theirs, "% of bare LPUSH": theirs / ours * 100}


def many_at_once(ground: Ground, count: int) -> Figures:
    """Enqueue so many jobs with one call."""
    key = ground.keys.queue(QUEUE)
    ground.clear()
    jobs = [noop.job(number, FILLING) for number in range(count)]
    with Client(Config(redis_url=ground.url)) as client:
        client.enqueue_many(jobs[:1])
        began = monotonic()
        client.enqueue_many(jobs)
        seconds = monotonic() - began
    if (found := ground.pool.call("LLEN", key)) != count + 1:
        raise VerkError(f"{count + 1} jobs were enqueued, {found} are there")
    ground.clear()
    return {"jobs/s": count / seconds}


def _timed(call: Callable[[], object]) -> float:
    began = monotonic()
    for _ in range(_TURN):
        call()
    return monotonic() - began

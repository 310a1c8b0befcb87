"""Jobs in any number, as bytes: laid aside first, then put into their queue in one step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count, islice

import attrs

from verk_actors.cli.bench.ground import Ground
from verk_actors.wire.codec import encode
from verk_actors.wire.jid import new_jid
from verk_actors.wire.job import Job

FILLING = "x" * 150
"""An argument that makes a job some 300 bytes long."""

_ASIDE = "bench-aside-"
_PAGE = 1000
_NUMBER = "bench-number"
_JIDS = count()


def payloads(job: Job, queue: str, numbers: Iterable[int], enqueued_at: float | None = 1.5) -> Iterator[bytes]:
    """Yield a payload of a job for each number, which is its first argument; each has a jid of its own."""
    jid, args = new_jid(), [_NUMBER, *job.args[1:]]
    job = attrs.evolve(job, args=args, jid=jid, queue=queue, created_at=1.5, enqueued_at=enqueued_at)
    head, _, rest = encode(job).partition(f'"{_NUMBER}"'.encode())
    between, _, tail = rest.partition(jid.encode())
    return (b"%b%d%b%024x%b" % (head, number, between, next(_JIDS), tail) for number in numbers)


def aside(queue: str) -> str:
    """Return the queue in which no node looks for what is laid aside for a queue."""
    return _ASIDE + queue


def push(ground: Ground, queue: str, jobs: Iterable[bytes]) -> None:
    """Put jobs into a queue."""
    _push(ground, ground.keys.queue(queue), jobs)


def lay_aside(ground: Ground, queue: str, jobs: Iterable[bytes]) -> None:
    """Keep the jobs of a queue where no node looks."""
    push(ground, aside(queue), jobs)


def lay_schedule_aside(ground: Ground, jobs: Iterable[bytes]) -> None:
    """Keep scheduled jobs where no node looks; they are due since the epoch, a microsecond after each other."""
    due_at = count()
    for page in pages(jobs):
        members = [part for payload in page for part in (next(due_at) / 1e6, payload)]
        ground.pool.call("ZADD", ground.keys.queue(_ASIDE), *members)


def put_schedule_in_place(ground: Ground) -> None:
    """Make all that was laid aside the schedule, in one step."""
    ground.pool.call("RENAME", ground.keys.queue(_ASIDE), ground.keys.schedule)


def put_in_place(ground: Ground, queue: str) -> None:
    """Put all that was laid aside for a queue into it, in one step."""
    ground.pool.call("RENAME", ground.keys.queue(aside(queue)), ground.keys.queue(queue))


def pages(jobs: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Yield the jobs in parts that one command takes."""
    rest = iter(jobs)
    while page := list(islice(rest, _PAGE)):
        yield page


def _push(ground: Ground, key: str, jobs: Iterable[bytes]) -> None:
    for page in pages(jobs):
        ground.pool.call("LPUSH", key, *page)

"""A row of what features cost: jobs that have one, beside jobs that have none, on the same node."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import attrs

from verk_actors.cli.bench import stock
from verk_actors.cli.bench.drains import Drained, Figures, drain_laid_aside
from verk_actors.cli.bench.ground import Ground
from verk_actors.cli.bench.jobs import limited, marked, noop, rated, reporting, setting
from verk_actors.cli.bench.marks import monotonic
from verk_actors.cli.bench.nodes import QUEUE, WORKERS, Nodes
from verk_actors.client import Client
from verk_actors.errors import VerkError
from verk_actors.settings.config import Config
from verk_actors.store.cron import CronEntries
from verk_actors.store.entries import Entry
from verk_actors.wire.codec import encode
from verk_actors.wire.cron_entry import CronEntry
from verk_actors.wire.cron_schedule import CronSchedule
from verk_actors.wire.jid import new_jid
from verk_actors.wire.job import Job

_TURNS = 2  # what disturbs one kind soon disturbs the others
_JOBS_PER_CLAIM = 10


@attrs.frozen
class _Kind:
    """Jobs with a feature.

    Attributes:
        job: makes one of a number and a filling.
        put: enqueues them.
    """

    job: Callable[[int, str], Job]
    put: Callable[[Client, Sequence[Job]], object] = Client.enqueue_many


_PLAIN = "plain"
_KINDS: Mapping[str, _Kind] = {
    _PLAIN: _Kind(noop.job),
    "unique": _Kind(noop.with_options(unique_for=3600).job),
    "limit of concurrency": _Kind(limited.job),
    "limit of rate": _Kind(rated.job),
    "batch": _Kind(noop.job, Client.batch),
    "result": _Kind(setting.job),
    "progress": _Kind(reporting.job),
}


def per_job(ground: Ground, count: int) -> Figures:
    """Drain jobs of each kind; of plain ones the CPU time of node and server, of the others what is more."""
    spent = dict.fromkeys(_KINDS, 0.0)
    with Nodes(ground) as nodes, Client(Config(redis_url=ground.url)) as client:
        for _ in range(_TURNS):
            for name, kind in _KINDS.items():
                drained = _drained(ground, nodes, client, kind, count)
                spent[name] += drained.node_cpu_seconds + drained.server_cpu_seconds
    micros = {name: seconds / (_TURNS * count) * 1e6 for name, seconds in spent.items()}
    more = {f"{name} µs more": cost - micros[_PLAIN] for name, cost in micros.items() if name != _PLAIN}
    return {f"{_PLAIN} µs/job": micros[_PLAIN], **more, "µs for a time of cron": _claim_micros(ground, count)}


def _drained(ground: Ground, nodes: Nodes, client: Client, kind: _Kind, count: int) -> Drained:
    """Have a node run so many jobs, the last of which mark the end."""
    last = min(WORKERS, count)
    jobs = [kind.job(number, stock.FILLING) for number in range(count - last)]
    jobs += [marked.job(number, stock.FILLING) for number in range(last)]
    kind.put(client, [attrs.evolve(job, queue=stock.aside(QUEUE)) for job in jobs])
    return drain_laid_aside(ground, nodes, [QUEUE], count=count, marks=last)


def _claim_micros(ground: Ground, count: int) -> float:
    """Return how long it takes to enqueue the job of a periodic one for one of its times."""
    store, job = CronEntries(ground.pool, ground.keys), noop.job(1, stock.FILLING)
    entry = CronEntry("bench", job, CronSchedule("* * * * *"))
    store.put(entry, instead_of=None)
    count = max(1, count // _JOBS_PER_CLAIM)
    first = (int(ground.pool.call("TIME")[0]) // 60 + 1) * 60
    began = monotonic()
    for number in range(count):
        slot = float(first + number * 60)
        jid = new_jid()
        payload = encode(attrs.evolve(entry.at(slot), jid=jid, queue=QUEUE))
        if store.claim(entry.name, slot, Entry(QUEUE, jid, payload), slot).status != "OK":
            raise VerkError(f"the time {slot} of a periodic job was not free")
    seconds = monotonic() - began
    ground.clear()
    return seconds / count * 1e6

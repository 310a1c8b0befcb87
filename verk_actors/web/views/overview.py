"""The first page: counts, what has run day by day, and the servers behind all of it."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from verk_actors.client import Client
from verk_actors.figures.stats import Stats, read_stats
from verk_actors.store.server_facts import ServerFacts

DAYS = (7, 30, 90, 180)
"""How far back one can look."""


@attrs.frozen(kw_only=True)
class Day:
    """The runs of one UTC day, which is named as ISO 8601 has it."""

    day: str
    processed: int
    failed: int


@attrs.frozen(kw_only=True)
class Server:
    """A Redis.

    Attributes:
        name: its URL, without a password.
        facts: what it tells; None where its user may not ask.
        concerns: what of it costs jobs sooner or later, each with its remedy.
    """

    name: str
    facts: ServerFacts | None
    concerns: Sequence[str] = ()


@attrs.frozen(kw_only=True)
class Overview:
    """All of the page; the days are in order, the last is today."""

    stats: Stats
    history: list[Day]
    servers: list[Server]


def read_history(client: Client, days: int) -> list[Day]:
    """Return the runs of the last days."""
    history = client.counters.history(days)
    return [Day(day=day.isoformat(), processed=one.processed, failed=one.failed) for day, one in history.items()][::-1]


def read_overview(client: Client, now: float, days: int) -> Overview:
    """Return all of the page."""
    return Overview(
        stats=read_stats(client, now),
        history=read_history(client, days),
        servers=read_servers(client),
    )


def read_servers(client: Client) -> list[Server]:
    """Return the servers behind all of it."""
    return [_server(name, facts) for name, facts in client.servers().items()]


def _server(name: str, facts: ServerFacts | None) -> Server:
    return Server(name=name, facts=facts, concerns=[] if facts is None else list(map(str, facts.concerns())))

"""The periodic jobs as the dashboard shows them."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from verk_actors.client import Client
from verk_actors.store.cron_status import CronStatus
from verk_actors.web.redaction import Redaction


def read_cron(client: Client, redaction: Redaction) -> tuple[CronStatus, ...]:
    """Return all of them, by their names."""
    return tuple(_shown(client.cron.list(), redaction))


def _shown(found: Iterable[CronStatus], redaction: Redaction) -> Iterable[CronStatus]:
    return (attrs.evolve(status, args=redaction.args(status.class_, status.args)) for status in found)

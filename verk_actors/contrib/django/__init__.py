"""For programs on Django: settings, one client for all, jobs that are enqueued when the transaction is committed.

    INSTALLED_APPS = [..., "verk_actors.contrib.django"]
    VERK = {"redis_url": "redis://127.0.0.1:6379/0", "queues": {"default": 25}}

`VERK` is what `Config` takes; what it leaves out comes from `VERK_*` variables and verk.toml, as everywhere. Jobs stand
in the module `jobs` of each app, which `manage.py verk` finds by itself.
"""

from __future__ import annotations

from functools import cache, partial

import attrs
from django.conf import settings
from django.db import transaction

from verk_actors.client import Client
from verk_actors.settings.config import Config
from verk_actors.wire.jid import new_jid
from verk_actors.wire.job import Job

__all__ = ["CLOSES_CONNECTIONS", "client", "config", "enqueue_on_commit"]

CLOSES_CONNECTIONS = "verk_actors.contrib.django.connections:closing_connections"
"""The worker middleware that goes around all others."""


@cache
def config() -> Config:
    """Return what is set, with the middleware that looks after database connections.

    Raises:
        ConfigError: `settings.VERK` has what `Config` does not know or allow.
    """
    found = Config.load(**getattr(settings, "VERK", {}))
    others = [one for one in found.worker_middleware if one != CLOSES_CONNECTIONS]
    return attrs.evolve(found, worker_middleware=(CLOSES_CONNECTIONS, *others))


@cache
def client() -> Client:
    """Return this process's client; one is enough for all threads."""
    return Client(config())


def enqueue_on_commit(job: Job, *, using: str | None = None) -> str:
    """Enqueue a job once the transaction is committed, at once where there is none; returns its jid.

    So no worker looks for a row that is not there yet, and nothing is enqueued where the transaction is rolled back.

    Args:
        job: what to run.
        using: the database whose transaction is meant; the default one unless given.

    Raises:
        StoreUnavailable, EnqueueUncertain: as `Client.enqueue`, from the commit.
    """
    jid = job.jid or new_jid()
    transaction.on_commit(partial(_enqueue, attrs.evolve(job, jid=jid)), using=using)
    return jid


def _enqueue(job: Job) -> None:
    client().enqueue(job, on_conflict="return")

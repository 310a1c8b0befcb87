"""What can be done to a periodic job, each told in a sentence."""

from __future__ import annotations

from verk_actors.client import Client
from verk_actors.errors import loggable
from verk_actors.store.cron_status import CronNotFound


def pause(client: Client, name: str) -> str:
    """Have its times pass by."""
    return _told(name, client.cron.pause(name), "is paused")


def resume(client: Client, name: str) -> str:
    """Undo that."""
    return _told(name, client.cron.resume(name), "is resumed")


def remove(client: Client, name: str) -> str:
    """Forget it."""
    return _told(name, client.cron.remove(name), "is removed")


def run(client: Client, name: str) -> str:
    """Enqueue its job now."""
    return f"{loggable(name)} is enqueued as {client.cron.run_now(name)}."


def _told(name: str, found: bool, what: str) -> str:
    if not found:
        raise CronNotFound(name)
    return f"{loggable(name)} {what}."

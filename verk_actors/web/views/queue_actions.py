"""What can be done to a queue, each told in a sentence."""

from __future__ import annotations

from verk_actors.client import Client
from verk_actors.errors import loggable
from verk_actors.store.handles import handle_of
from verk_actors.web.views.outcomes import Outcome, counted
from verk_actors.web.views.queue_jobs import PER_PAGE, place_of

_LOOKED_AT = 2000  # jobs on either side of where one was; a node takes thousands in a second


def pause(client: Client, name: str) -> str:
    """Have no node fetch from a queue."""
    return f"{loggable(name)} {'is paused' if client.queue(name).pause() else 'was paused already'}."


def resume(client: Client, name: str) -> str:
    """Undo that."""
    return f"{loggable(name)} {'is resumed' if client.queue(name).resume() else 'was not paused'}."


def clear(client: Client, name: str) -> Outcome:
    """Delete all jobs that wait in a queue."""
    queue = client.queue(name)
    count = queue.count()
    queue.clear()
    return Outcome(count, f"{loggable(name)} is empty: {counted(count)} {'was' if count == 1 else 'were'} deleted.")


def delete(client: Client, name: str, handle: str, page: int) -> str:
    """Delete a job that waits in a queue, near the page that it was on."""
    queue, place = client.queue(name), place_of(page)
    starts = range(max(0, place - _LOOKED_AT), place + _LOOKED_AT, PER_PAGE)
    for start in sorted(starts, key=lambda start: abs(start - place)):  # a few at a time: they may be long
        for member in queue.range(-start - 2 * PER_PAGE, -start - 1):
            if handle_of(member, 0.0) == handle and queue.delete(member):
                return f"A job of {loggable(name)} was deleted."
    return f"That job is not in {loggable(name)} any more."

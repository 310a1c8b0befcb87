"""Job functions with typed arguments, at the top of a module so that job processes find them."""

from __future__ import annotations

from datetime import UTC, datetime

import attrs

from support.jobs import Gate
from verk_actors.jobs.job_class import worker
from verk_actors.jobs.registry import Registry

_registry = Registry()
_seen: list[Visit] = []


@attrs.frozen
class Visit:
    """Who came when."""

    guest: str
    at: datetime

    @classmethod
    def of(cls, guest: str) -> Visit:
        """Return a visit of some time."""
        return cls(guest, datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC))


@worker(registry=_registry)
def note(visit: Visit) -> None:
    """Note a visit, as which it must have come."""
    _seen.append(attrs.evolve(visit))


@worker(registry=_registry)
async def note_async(visit: Visit) -> None:
    """Note a visit on an event loop."""
    _seen.append(attrs.evolve(visit))


class TypedJobs:
    """The jobs of this module as a kit for `running_node`."""

    def __init__(self) -> None:

        _seen.clear()
        self.registry, self.gate = _registry, Gate()
        self.note, self.note_async, self.seen = note, note_async, _seen

"""The locks of unique jobs that let the next one in when a node takes them."""

from __future__ import annotations

from collections.abc import Iterable

from verk_actors.store.commands import Commands
from verk_actors.store.effects import released
from verk_actors.store.scripts import RELEASE
from verk_actors.wire.job import Job
from verk_actors.wire.keys import Keys

_MOST_PER_SCRIPT = 1000


def release(commands: Commands, keys: Keys, jobs: Iterable[Job]) -> int:
    """Releases the locks that these jobs have; returns how many. GET and DEL, O(1) each; nothing where there are none.

    A lock that expires by itself, and one that is another job's by now, stays.
    """
    locks = [effect for job in jobs for effect in released(job, keys)]
    count = 0
    for at in range(0, len(locks), _MOST_PER_SCRIPT):
        part = locks[at : at + _MOST_PER_SCRIPT]
        count += int(commands.script(RELEASE, [lock.key for lock in part], [lock.args[0] for lock in part]))
    return count

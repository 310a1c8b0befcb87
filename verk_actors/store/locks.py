"""The locks of unique jobs, released beside a settlement: when a job is taken, and when it is removed by hand."""

from __future__ import annotations

from collections.abc import Iterable

from verk_actors.store.commands import Commands
from verk_actors.store.effects import released
from verk_actors.store.members import member_of
from verk_actors.store.scripts import RELEASE
from verk_actors.wire.job import Job
from verk_actors.wire.keys import Keys

_MOST_PER_SCRIPT = 1000


def holds_lock(payload: bytes) -> bool:
    """Tells whether a payload may be of a unique job; of any other it is seen at once that it is not."""
    return b'"unique_for"' in payload


def release_of(commands: Commands, keys: Keys, payloads: Iterable[bytes]) -> int:
    """Releases the locks of the jobs of these payloads; returns how many. What is no job has none."""
    members = [member_of(payload) for payload in payloads if holds_lock(payload)]
    return release(commands, keys, [member for member in members if isinstance(member, Job)])


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

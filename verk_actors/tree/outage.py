"""What the actors of a node make of an outage of Redis: how long to pause, and what to say of it.

An actor has an `Outage` for each thing that it asks of a server, and pauses by it, for 50 ms at first. What is said is
shared: for each server the node says it once, by whichever actor meets it first. Running jobs run on, what has ended
stays in the running table until Redis knows, and no actor crashes: no restart is used up.

    trouble  what Redis says                     the line, once per             pauses  what becomes of jobs
    away     nothing, or BUSY, CLUSTERDOWN,      ERROR, outage                  to 5 s  none starts; what has ended is
             LOADING, MASTERDOWN, MISCONF,                                              settled later
             NOREPLICAS, READONLY, no room for
             another client
    denied   NOAUTH, WRONGPASS                   CRITICAL, outage               to 30 s the same
    denied   NOPERM                              CRITICAL, missing permission   to 30 s what is permitted goes on
    full     OOM                                 ERROR, minute                  to 5 s  what has ended is settled; none
                                                                                        starts where nothing ends
    refused  WRONGTYPE, whatever else            ERROR, outage and actor        to 5 s  those it is about stay as
                                                                                        they are

The end of an outage is one WARNING, with how long it lasted. That of a full server is not told: it may be full and not
full many times a second. At DEBUG each failed attempt has its line.

The first whose command succeeds tells of the end. Another may be in the midst of one then, which fails a moment later:
what an actor hears first after an end begins no outage, as the command may be older than the end.
"""

from __future__ import annotations

import logging
import random

import attrs

from verk_actors.errors import StoreError
from verk_actors.store.refusals import Trouble, trouble_of
from verk_actors.tree.node_log import NodeLog

log = NodeLog(__name__)

_FIRST_SECONDS = 0.05
_LONGEST_SECONDS: dict[Trouble, float] = {"away": 5.0, "full": 5.0, "refused": 5.0, "denied": 30.0}
_FULL_AGAIN_SECONDS = 60.0
_REMEDY = {
    "NOPERM": "its user lacks a permission, see docs/redis-acl.md",
    "NOAUTH": "it asks for a password, which redis_url has to name",
    "WRONGPASS": "it does not know the user or the password of redis_url",
}


@attrs.define(eq=False)
class _Said:
    at: float  # monotonic
    attempts: int = 0


class ServerTrouble:
    """What this node has said of the troubles of one Redis server.

    Shared by actors, so by threads: each operation on the table is one step under the interpreter's lock.

    Attributes:
        is_told: False once the node has ended its connections itself: what fails now says nothing of the server.
    """

    def __init__(self) -> None:
        self.is_told = True
        self._said: dict[str, _Said] = {}
        self._ended: dict[str, float] = {}

    def begins(self, what: str, now: float, since: float, again_seconds: float | None = None) -> bool:
        """Note an attempt that began after `since` and failed.

        Returns:
            Whether it is the first to be said of this trouble, or due to be said again.
        """
        if not self.is_told or (what not in self._said and since < self._ended.get(what, since)):
            return False
        new = _Said(now)
        said = self._said.setdefault(what, new)
        said.attempts += 1
        if said is not new and again_seconds is not None and now - said.at >= again_seconds:
            said.at, new = now, said
        return said is new

    def ends(self, what: str, now: float) -> _Said | None:
        """Forget a trouble; returns what was said of it to the first who asks."""
        if what in self._said:
            self._ended[what] = now
        return self._said.pop(what, None)


class Outage:
    """Counts one actor's failures in a row.

    Args:
        who: begins the log lines.
        server: what the node has said of the server.
    """

    def __init__(self, who: str, server: ServerTrouble) -> None:
        self._who = who
        self._server = server
        self._failures = 0
        self._met: set[str] = set()
        self._last_heard = 0.0

    def goes_on(self, error: StoreError, now: float) -> float:
        """Note a failure; returns the seconds to pause, growing from 50 ms, with jitter.

        The jitter keeps the actors of many nodes from coming back in the same moment.
        """
        trouble = trouble_of(error)
        self._say(trouble, error, now)
        self._last_heard = now
        self._failures += 1
        longest = min(_LONGEST_SECONDS[trouble], _FIRST_SECONDS * 2.0 ** min(self._failures - 1, 10))
        return longest * random.uniform(0.5, 1.0)

    def over(self, now: float) -> None:
        """Note a success."""
        self._failures = 0
        self._last_heard = now
        while self._met:
            what = self._met.pop()
            said = self._server.ends(what, now)
            if said is not None:
                end = "is back" if what == "away" else "complies again"
                lasted = now - said.at
                log.warning("%s: Redis %s after %.1f s and %s failed attempts", self._who, end, lasted, said.attempts)

    def _say(self, trouble: Trouble, error: StoreError, now: float) -> None:
        if trouble == "full":
            again = not self._server.begins(trouble, now, self._last_heard, _FULL_AGAIN_SECONDS)
            level = logging.DEBUG if again else logging.ERROR
            log.log(level, "%s: Redis is full and takes no new jobs: %s", self._who, error)
            return
        what = {"away": trouble, "denied": error.why}.get(trouble, self._who)
        self._met.add(what)
        if not self._server.begins(what, now, self._last_heard):
            log.debug("%s: once more: %s", self._who, error)
        elif trouble == "denied":
            remedy = _REMEDY.get(error.why.partition(" ")[0], "its user may not do this")
            log.critical("%s: Redis refuses this node, since %s: %s", self._who, remedy, error)
        elif trouble == "refused":
            log.error("%s: Redis refuses this: %s", self._who, error)
        else:
            log.error("%s: Redis is of no use now: %s", self._who, error)

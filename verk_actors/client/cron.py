"""The periodic jobs as programs and people see and change them, on whichever Redis each is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from verk_actors.client.preparing import Preparer
from verk_actors.errors import InvalidJob, JobNotUnique
from verk_actors.settings.config import Config
from verk_actors.settings.redis_url import RedisUrl
from verk_actors.store.commands import Commands
from verk_actors.store.cron import CronEntries
from verk_actors.store.cron_status import CronNotFound, CronStatus, statuses_in
from verk_actors.store.requests import LOOK_AT_CRON, Requests
from verk_actors.wire import cron_entry
from verk_actors.wire.cron_entry import CronEntry, MalformedEntry
from verk_actors.wire.cron_schedule import CatchUp, CronSchedule, InvalidCron
from verk_actors.wire.job import Job
from verk_actors.wire.keys import Keys


class CronJobs:
    """All periodic jobs: lists, adds, removes, pauses and runs them.

    Args:
        config: where queues are.
        servers: one for each Redis.
        preparer: makes what is enqueued.
        clock: returns unix seconds.
    """

    def __init__(
        self,
        config: Config,
        keys: Keys,
        servers: Mapping[RedisUrl, Commands],
        preparer: Preparer,
        clock: Callable[[], float],
    ) -> None:
        self._config = config
        self._preparer = preparer
        self._clock = clock
        self._stores = {url: CronEntries(server, keys) for url, server in servers.items()}
        self._requests = {url: Requests(server, keys) for url, server in servers.items()}

    def list(self) -> Sequence[CronStatus]:
        """Return all of them, by their names. TIME, HGETALL, SMEMBERS."""
        found = [status for store in self._stores.values() for status in statuses_in(store.read())]
        return sorted(found, key=lambda status: status.name)

    def get(self, name: str) -> CronStatus | None:
        """Return the one of a name; None where there is none. As for `list`."""
        return next((status for status in self.list() if status.name == name), None)

    def next(self, name: str, count: int = 5) -> Sequence[datetime]:
        """Return so many of its times from now on, in its time zone; as if it were not paused. HGET.

        Raises:
            CronNotFound: there is none of that name.
        """
        _, entry = self._found(name)
        return entry.schedule.next(count, datetime.fromtimestamp(self._clock(), UTC))

    def add(
        self,
        name: str,
        job: Job,
        cron: str,
        *,
        timezone: str = "UTC",
        catch_up: CatchUp = "last",
        catch_up_window_seconds: float = 3600.0,
    ) -> None:
        """Have a job be enqueued at set times, by any node; in place of one of that name that was added before.

        Its times count from now on; where it takes the place of one, if they differ. A pause goes on. HGET, HSET.

        Args:
            name: tells it from the others.
            job: what is enqueued, with all its options, each time under a new jid.
            cron, timezone, catch_up, catch_up_window_seconds: when, and what is made up for; see `CronSchedule`.

        Raises:
            InvalidCron: there are no such times; or nodes have one of that name in their configuration or code.
            InvalidJob: the job can't be written.
        """
        schedule = CronSchedule(
            cron, timezone=timezone, catch_up=catch_up, catch_up_window_seconds=catch_up_window_seconds
        )
        entry = CronEntry(name, job, schedule)
        url = self._config.redis_url_of(entry.queue)
        while not self._put(entry, url):  # another was quicker
            continue
        self._have_nodes_look(url)

    def remove(self, name: str) -> bool:
        """Forget one; returns whether there was one. HDEL.

        One that nodes have in their configuration or code is there again when they look next, as a new one: pause it,
        or take it from there.
        """
        return sum(store.remove(name) for store in self._stores.values()) > 0

    def pause(self, name: str) -> bool:
        """Have the times of one pass by, until it is resumed; returns whether there is one. HGET, SADD."""
        return sum(store.pause(name) for store in self._stores.values()) > 0

    def resume(self, name: str) -> bool:
        """End the pause of one, of whose times none is made up for; returns whether there is one. HGET, HSET, SREM."""
        found = [url for url, store in self._stores.items() if store.resume(name)]
        for url in found:
            self._have_nodes_look(url)
        return found != []

    def run_now(self, name: str) -> str:
        """Enqueue the job of one now, beside its times, paused or not; returns its jid. LPUSH.

        Raises:
            CronNotFound: there is none of that name.
            JobNotUnique: it is unique, and another one of its token is there still.
            InvalidJob: it can't be written.
        """
        url, entry = self._found(name)
        now = self._clock()
        job = self._preparer.one(entry.at(None), now)
        if self._config.redis_url_of(job.queue) != url:
            raise InvalidJob("queue", job.queue, "is on another Redis than the periodic job, by a middleware")
        claim = self._stores[url].claim(name, None, job, now)
        if claim.status == "GONE":
            raise CronNotFound(name)
        if claim.status == "KEPT_OUT":
            raise JobNotUnique(claim.holder, job.token)
        return job.jid

    def _put(self, entry: CronEntry, url: RedisUrl) -> bool:
        """Enter one on a Redis and nowhere else; whether nobody came in between."""
        before: bytes | None = None
        anew = False
        for there, found, definition in self._all_of(entry.name):
            if found is not None and found.source != "client":
                raise InvalidCron("name", entry.name, f"is that of one in the {found.source} of nodes")
            if there == url:
                before, anew = definition, found is None or found.schedule != entry.schedule
            else:
                self._stores[there].remove(entry.name)
        return self._stores[url].put(entry, instead_of=before, anew=anew)

    def _found(self, name: str) -> tuple[RedisUrl, CronEntry]:
        for url, entry, _ in self._all_of(name):
            if entry is not None:
                return url, entry
        raise CronNotFound(name)

    def _all_of(self, name: str) -> Iterator[tuple[RedisUrl, CronEntry | None, bytes]]:
        """Yield what there is of a name, which may be nothing that can be read."""
        for url, store in self._stores.items():
            definition = store.definition(name)
            if definition is not None:
                try:
                    yield url, cron_entry.read(name, definition), definition
                except MalformedEntry:
                    yield url, None, definition

    def _have_nodes_look(self, url: RedisUrl) -> None:
        """Tell nodes that something has changed; else they see it within 15 s."""
        self._requests[url].tell_all(LOOK_AT_CRON)

"""Jobs on a real node, with a Redis server of their own: nothing is imitated but where clients send their jobs."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import attrs

from verk_actors import embedded
from verk_actors.client import Client
from verk_actors.client.detour import Detour, NotDiverted, divert, diverted
from verk_actors.client.pushing import Pusher
from verk_actors.events import Event, JobDead, JobDiscarded, JobEvent, JobFailed, JobFinished, JobSnoozed
from verk_actors.jobs.registry import Performer, Registry, Terms
from verk_actors.jobs.registry import registry as default_registry
from verk_actors.listener import EventListener
from verk_actors.messages import RegisterListener
from verk_actors.otp import NO_REPLY, Call, Deferred, NoReply, Ref, Timeout, handles
from verk_actors.otp.clock import SystemClock
from verk_actors.settings.config import Config
from verk_actors.settings.queues import QueueConfig
from verk_actors.store.commands import Commands
from verk_actors.store.entries import Entry, Lock
from verk_actors.store.pool import Pool
from verk_actors.tree.actor_system import ActorSystem
from verk_actors.wire.codec import decode
from verk_actors.wire.job import Job
from verk_actors.wire.keys import Keys

_ENDS = (JobFinished, JobFailed, JobSnoozed, JobDiscarded, JobDead)
_free_databases = list(range(16))  # as many as a server has; each test that runs at the same time has one


@attrs.frozen
class _WaitFor(Call[list[JobEvent]]):
    """Answer when each of these jobs has ended that way, with how the first time."""

    jids: tuple[str, ...]
    kinds: tuple[type[JobEvent], ...]


class _Watch(EventListener):
    """Keeps how jobs end, and tells those who wait for it."""

    def __init__(self) -> None:
        super().__init__()
        self._ends: list[JobEvent] = []
        self._waiting: list[tuple[_WaitFor, Deferred]] = []

    def handle_event(self, event: Event) -> None:
        """Keep how a job ended."""
        if isinstance(event, _ENDS):
            self._ends.append(event)
            for waiting in list(self._waiting):
                if (found := self._found(waiting[0])) is not None:
                    self._waiting.remove(waiting)
                    waiting[1].reply(found)

    @handles(_WaitFor)
    def _wait_for(self, message: _WaitFor) -> list[JobEvent] | NoReply:
        found = self._found(message)
        if found is not None:
            return found
        deferred = self.defer()
        self._waiting.append((message, deferred))
        return NO_REPLY

    def _found(self, message: _WaitFor) -> list[JobEvent] | None:
        ends: dict[str | None, JobEvent] = {}
        for event in self._ends:
            if isinstance(event, message.kinds):
                ends.setdefault(event.job.jid, event)
        return [ends[jid] for jid in message.jids] if ends.keys() >= set(message.jids) else None


class RealJobs:
    """A running node of a test.

    Attributes:
        config: its configuration.
        system: its handle, as of `ActorSystem.start`.
        client: a client of its Redis, to look at what is there.
        enqueued: the jobs that were enqueued or scheduled, in this order.
    """

    def __init__(self, config: Config, registry: Registry) -> None:
        self.config = config
        self.enqueued: list[Job] = []
        self.client = Client(config)
        pools = {url: Pool(url, name="verk:testing") for url in config.redis_urls}
        self._pools = tuple(pools.values())
        self._pusher = Pusher(config, Keys(config.namespace), pools)
        self._pools[0].call("FLUSHDB")
        self.system: Ref = ActorSystem.start(config, _Diverted(registry, self))
        self._watch: Ref = _Watch.start()
        self.system.ask(RegisterListener(self._watch, JobEvent))

    def time(self) -> float:
        """Return the time, which is that of everybody."""
        return SystemClock.time()

    def take(self, queue: str, jid: str, payload: bytes, score: float | None = None, locks: Sequence[Lock] = ()) -> str:
        """Send a job to the node's Redis; returns its jid, or that of the job that has its locks."""
        taken = self._pusher.push(Entry(queue, jid, payload, score, locks=locks))
        if taken == jid:
            self.enqueued.append(decode(payload))
        return taken

    def store(self, *, is_only: bool) -> Commands:
        """Return the node's Redis; raises `NotDiverted` to a client of several, which would count each job for each."""
        if not is_only:
            raise NotDiverted("the client has several Redis servers, and testing.real() has one: look by jobs.client")
        return self._pools[0]

    def wait(self, jid: str, *kinds: type[JobEvent], seconds: float = 10.0) -> JobEvent:
        """Wait until a job has ended, and return the event that tells how.

        Args:
            jid: which job.
            kinds: wait for one of these events; for the end of its first run, however it ends, if not given.
            seconds: how long at most.

        Raises:
            AssertionError: it has not.
        """
        return self._wait((jid,), kinds or _ENDS, seconds)[0]

    def wait_all(self, seconds: float = 10.0) -> list[JobEvent]:
        """Wait until each job that was enqueued, by jobs too, has ended once; returns how, in the order of `enqueued`.

        Raises:
            AssertionError: they have not.
        """
        while True:
            jids = tuple(str(job.jid) for job in self.enqueued)
            ends = self._wait(jids, _ENDS, seconds)
            if len(self.enqueued) == len(jids):
                return ends

    def stop(self) -> None:
        """Stop the node."""
        self.system.stop()
        self._watch.stop()
        self.client.close()
        for pool in self._pools:
            pool.close()

    def _wait(self, jids: tuple[str, ...], kinds: tuple[type[JobEvent], ...], seconds: float) -> list[JobEvent]:
        try:
            found: list[JobEvent] = self._watch.ask(_WaitFor(jids, kinds), timeout=seconds)
        except Timeout:
            queues = ", ".join(self.config.queues)
            listed = ", ".join(f"{job.jid} {job.class_} in {job.queue}" for job in self.enqueued if job.jid in jids)
            raise AssertionError(f"not ended after {seconds:g} s; waited for {listed or jids}; {queues} run") from None
        return found


class _Diverted(Registry):
    """A registry whose jobs are in the test's context as to where the jobs go that they enqueue."""

    def __init__(self, registry: Registry, to: Detour) -> None:
        super().__init__()
        self._registry, self._to = registry, to

    def find(self, name: str) -> Performer:
        performer = self._registry.find(name)
        chain = performer.chain and partial(_perform, self._to, performer.chain)
        return attrs.evolve(performer, perform=partial(_perform, self._to, performer.perform), chain=chain)

    def under(self, terms: Terms) -> Registry:
        return _Diverted(self._registry.under(terms), self._to)

    def modules(self) -> list[str]:
        return self._registry.modules()


def _perform(to: Detour, perform: Any, what: Any) -> Any:
    divert(to)
    return perform(what)


@contextmanager
def real(
    config: Config | None = None,
    registry: Registry = default_registry,
    *,
    directory: str | os.PathLike[str] | None = None,
) -> Iterator[RealJobs]:
    """Run a node for this block, on an embedded server; what the block and its jobs enqueue goes there.

    Args:
        config: the queues and whatever else the node is to have, as the namespace that the clients have; but for its
            Redis and its node id. A queue `default` if not given.
        registry: the job classes; those under `@worker` unless given.
        directory: of a server to be shared by tests one after the other and at once; one for this block if not given.

    Raises:
        EmbeddedServerError: there is no server program; the extra `embedded` brings one.
        RuntimeError: sixteen run already in this process, at once.
    """
    if not _free_databases:
        raise RuntimeError("sixteen nodes of tests run at once already, and their server has a database for each")
    with ExitStack() as stack:
        if directory is None:
            directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="verk-"))
            stack.callback(embedded.stop, directory)
        database = _free_databases.pop()
        stack.callback(_free_databases.append, database)
        url = embedded.ensure(directory, fsync="no").url.replace("db=0", f"db={database}")
        jobs = RealJobs(_config_of(config or Config(), url), registry)
        stack.callback(jobs.stop)
        stack.enter_context(diverted(jobs))
        yield jobs


stop_server = embedded.stop


def _config_of(config: Config, url: str) -> Config:
    queues: dict[str, QueueConfig | int] = {
        name: attrs.evolve(queue, redis_url=None) for name, queue in config.queues.items()
    }
    node_id = Config().node_id
    changes: Any = {"queues": queues or {"default": 5}, "redis_url": url, "node_id": node_id}
    return attrs.evolve(config, poll_interval_seconds=0.1, **changes)

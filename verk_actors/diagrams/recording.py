"""Runs a small node on a server of its own, and notes its tree and the ways of four jobs through it."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import attrs

from verk_actors import embedded
from verk_actors.client import Client
from verk_actors.diagrams.audience import Audience, Await
from verk_actors.diagrams.patient_clock import PatientClock
from verk_actors.diagrams.steps import Move, Step, Way, text_of
from verk_actors.diagrams.supervision_tree import Process, tree_of
from verk_actors.events import JobDead, JobEvent, JobFailed, JobFinished
from verk_actors.jobs.job_class import worker
from verk_actors.jobs.registry import Registry
from verk_actors.messages import RegisterListener
from verk_actors.otp import Ref, Runtime, Trace, current, start_link
from verk_actors.settings.config import Config
from verk_actors.settings.groups import QueueGroup
from verk_actors.settings.limit import Limit
from verk_actors.store.commands import Argument
from verk_actors.store.connection import Connection
from verk_actors.store.pool import Pool
from verk_actors.store.scripts import Script, ScriptCall
from verk_actors.tree import names
from verk_actors.tree.actor_system import ActorSystem
from verk_actors.tree.messages import JobsMoved, LimitsMoved
from verk_actors.wire.job import Job
from verk_actors.wire.keys import Keys

_OUTSIDE = "outside"  # what the trace calls whoever is no actor
_LOOKER = "verk:diagrams"
_LIMITED = "LIMIT"
_WAIT_SECONDS = 4  # less than a reply is waited for
_PATIENCE_SECONDS = 30.0  # the machine may be busy


@attrs.frozen(kw_only=True)
class Recording:
    """What was seen: the tree as it stood, and the ways of four jobs."""

    tree: Process
    job_that_succeeds: Way
    job_that_fails: Way
    job_that_is_scheduled: Way
    job_that_waits_for_a_limit: Way


def record() -> Recording:
    """Start a node, look at its tree, follow four jobs, one of which fails twice and dies, and stop the node."""
    with tempfile.TemporaryDirectory() as directory:
        config = Config(
            queues={"default": 2},
            groups={"web": QueueGroup(queues=["priority", "other"], size=1)},
            redis_url=f"embedded:{directory}",
            node_id="1",
            heartbeat_seconds=3600.0,  # none falls into the recording
        )
        try:
            with _Recorder(config) as recorder:
                return Recording(
                    tree=tree_of(recorder.system),
                    job_that_succeeds=recorder.follow("succeeds", [JobFinished]),
                    job_that_fails=recorder.follow("fails", [JobFailed, JobDead]),
                    job_that_is_scheduled=recorder.follow("succeeds", [JobFinished], in_seconds=60),
                    job_that_waits_for_a_limit=recorder.follow(_LIMITED, [JobFinished]),
                )
        finally:
            embedded.stop(directory)


class _Recorder:
    """A node on a clock that stands still, and somebody who follows one job at a time through it."""

    system: Ref

    def __init__(self, config: Config) -> None:
        self._config = config
        self._trace = Trace(self._message_sent)
        self._clock = PatientClock(self._trace)
        self._runtime = Runtime(clock=self._clock, trace=self._trace)
        self._pool = Pool(config.redis_url, name=_LOOKER)
        self._client = Client(config, clock=self._clock.time)
        self._stack = ExitStack()
        self._number = 0
        self._jid = ""  # of the job that is followed
        self._place: str | None = None  # where it was last
        self._has_run = False
        self._way: list[Step | Move] = []
        self._kinds = {_OUTSIDE: "Client", "listener": "EventListener"}

    def __enter__(self) -> _Recorder:
        registry = Registry()
        worker(name="succeeds", registry=registry)(self._succeed)
        worker(name="fails", registry=registry)(self._fail)
        worker(name=_LIMITED, registry=registry, limits=Limit(_LIMITED, concurrency=1))(self._succeed)
        self._stack.enter_context(_waits_alone())
        self._stack.enter_context(_redis_watched(self._asked_of_redis))
        self._audience = start_link(Audience(), runtime=self._runtime, name="listener")
        self.system = ActorSystem.start(self._config, registry, runtime=self._runtime)
        self.system.ask(RegisterListener(self._audience))
        self._kinds |= {process.name: process.kind for process in tree_of(self.system).walk()}
        return self

    def __exit__(self, *_: object) -> None:
        self._clock.patient = False
        self._come_to_rest()  # who waits for the others to rest can't stop
        self.system.stop()
        self._audience.stop()
        self._runtime.close()
        self._client.close()
        self._pool.close()
        self._stack.close()

    def follow(self, class_: str, ends: Sequence[type[JobEvent]], in_seconds: float = 0.0) -> Way:
        """Run one job; returns what happened to it until it had come to each of its ends, runs that fail included."""
        self._come_to_rest()
        self._number += 1
        self._jid, self._place, self._way = f"{class_}-{self._number}", None, []
        self._has_run = False
        self._pool.call("HSET", Keys().slots(_LIMITED), "another", "its node")
        self._trace.busy(self)  # nobody may fetch the job before its first step is noted
        self._client.schedule(Job(class_=class_, args=[], jid=self._jid, max_retry_count=1), in_seconds)
        self._trace.handled(self)
        if class_ == _LIMITED:
            self._make_room()
        for number, event in enumerate(ends):
            if number or in_seconds:
                self._let_jobs_come_due()
            self._audience.call(Await(event, self._jid), timeout=_PATIENCE_SECONDS)
            self._come_to_rest()
        return self._way

    def _make_room(self) -> None:
        """Have the job be called once it was put aside, which the limit among those to be looked at tells."""
        self._pool.call("BZPOPMIN", Keys().limited, _WAIT_SECONDS)
        self._come_to_rest()
        self._pool.call("DEL", Keys().slots(_LIMITED))
        limit_manager = self.system.whereis(names.LIMIT_MANAGER)
        if limit_manager is not None:
            limit_manager.cast(LimitsMoved(frozenset({_LIMITED})))

    def _let_jobs_come_due(self) -> None:
        # By Redis' clock they are: ours stands still in the past. What is missing is a look.
        self._come_to_rest()
        self._clock.move_to(self._clock.monotonic() + self._config.poll_interval_seconds)
        self._runtime.timers.run_due()

    def _come_to_rest(self) -> None:
        if not self._trace.wait_quiet(_PATIENCE_SECONDS):
            raise TimeoutError("the node does not come to rest")

    # -- what is noted

    def _succeed(self) -> None:
        self._clock.time()  # a job takes its time: its start is told before it ends
        self._has_run = True
        self._way.append(Step("Worker", "Worker", "perform returns"))

    def _fail(self) -> None:
        self._clock.time()
        self._has_run = True
        self._way.append(Step("Worker", "Worker", "perform raises"))
        raise RuntimeError("as it is meant to")

    def _message_sent(self, sender: str, receiver: str, message: object) -> None:
        if not self._jid or sender == receiver or receiver.startswith(("priority.", "other.", "web.")):
            return  # of the queues that have no job
        if isinstance(message, JobsMoved) and self._kinds[sender] == "QueueManager" and not self._has_run:
            return  # of an exchange before the job's
        text = text_of(message, self._jid)
        if text is not None:
            self._way.append(Step(self._kinds[sender], self._kinds[receiver], text))

    def _asked_of_redis(self, operation: str) -> None:
        """Note a command or script that has moved the job; called on the thread of whoever sent it."""
        place = self._place_of_job() if self._jid else None
        if place != self._place:
            self._place = place
            self._way.append(Move(self._kinds[str(current() or _OUTSIDE)], operation, place))

    def _place_of_job(self) -> str | None:
        keys, jid = Keys(), self._jid.encode()
        lists = [keys.queue("default"), keys.in_progress("default", self._config.node_id)]
        for key in (*lists, keys.schedule, keys.retry, keys.dead, keys.waiting(_LIMITED)):
            payloads = self._pool.call("LRANGE" if key in lists else "ZRANGE", key, 0, -1)
            if any(jid in payload for payload in payloads):
                return key
        return None


@contextmanager
def _waits_alone() -> Iterator[None]:
    """Have nothing done behind a wait, as where Redis does not know the script: it would come before its turn."""
    send, read = Connection.send, Connection.read_script

    def send_alone(self: Connection, *args: Argument, then: ScriptCall | None = None) -> None:  # noqa: ARG001
        send(self, *args)

    def read_nothing(self: Connection, call: ScriptCall) -> None:  # noqa: ARG001
        return None

    Connection.send, Connection.read_script = send_alone, read_nothing  # type: ignore[method-assign]
    try:
        yield
    finally:
        Connection.send, Connection.read_script = send, read  # type: ignore[method-assign]


@contextmanager
def _redis_watched(asked: Callable[[str], None]) -> Iterator[None]:
    """Have a function told of each command and script that Redis has done, with the name it goes by, one by one."""
    call, run = Connection.call, Connection.script
    one_by_one = threading.Lock()  # else what one has done may seem to be another's

    def watched_call(self: Connection, *args: Argument) -> Any:
        if self.name == _LOOKER:
            return call(self, *args)
        with one_by_one:
            reply = call(self, *args)
            asked(str(args[0]))
        return reply

    def watched_run(self: Connection, script: Script, keys: Sequence[str], args: Sequence[Argument]) -> Any:
        with one_by_one:
            reply = run(self, script, keys, args)
            asked(f"{script.name}.lua")
        return reply

    # The store has no observer, since nothing else would need one.
    Connection.call, Connection.script = watched_call, watched_run  # type: ignore[method-assign]
    try:
        yield
    finally:
        Connection.call, Connection.script = call, run  # type: ignore[method-assign]

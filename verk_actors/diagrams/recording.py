"""Runs a small node on a server of its own, and notes its tree and the ways of two jobs through it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import attrs

from verk_actors import embedded
from verk_actors.client import Client
from verk_actors.config import Config
from verk_actors.diagrams.audience import Audience, Await
from verk_actors.diagrams.patient_clock import PatientClock
from verk_actors.diagrams.steps import Step, text_of
from verk_actors.diagrams.supervision_tree import Process, tree_of
from verk_actors.events import JobDead, JobEvent, JobFailed, JobFinished
from verk_actors.job_class import worker
from verk_actors.messages import RegisterListener
from verk_actors.otp import Ref, Runtime, Trace, current, start_link
from verk_actors.registry import Registry
from verk_actors.store.commands import Argument
from verk_actors.store.connection import Connection
from verk_actors.store.pool import Pool
from verk_actors.store.scripts import Script
from verk_actors.tree.actor_system import ActorSystem
from verk_actors.wire.job import Job
from verk_actors.wire.keys import Keys

_OUTSIDE = "outside"  # what the trace calls whoever is no actor
_PATIENCE_SECONDS = 30.0  # the machine may be busy


@attrs.frozen(kw_only=True)
class Recording:
    """What was seen."""

    tree: Process
    job_that_succeeds: Sequence[Step]
    job_that_fails: Sequence[Step]


def record() -> Recording:
    """Start a node, look at its tree, follow a job that succeeds and one that fails twice, and stop the node."""
    with tempfile.TemporaryDirectory() as directory:
        config = Config(queues={"default": 2, "priority": 1}, redis_url=f"embedded:{directory}", node_id="1")
        try:
            with _Recorder(config) as recorder:
                return Recording(
                    tree=tree_of(recorder.system),
                    job_that_succeeds=recorder.follow("succeeds", [JobFinished]),
                    job_that_fails=recorder.follow("fails", [JobFailed, JobDead]),
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
        self._pool = Pool(config.redis_url, name="verk:diagrams")
        self._client = Client(config)
        self._jid: str | None = None
        self._steps: list[Step] = []
        self._place: str | None = None
        self._kinds = {_OUTSIDE: "Client", "listener": "EventListener"}

    def __enter__(self) -> _Recorder:
        registry = Registry()
        worker(name="succeeds", registry=registry)(self._succeed)
        worker(name="fails", registry=registry)(self._fail)
        self._audience = start_link(Audience(), runtime=self._runtime, name="listener")
        self.system = ActorSystem.start(self._config, registry, runtime=self._runtime)
        self.system.ask(RegisterListener(self._audience))
        self._kinds |= {process.name: process.kind for process in tree_of(self.system).walk()}
        return self

    def __exit__(self, *_: object) -> None:
        self.system.stop()
        self._audience.stop()
        self._runtime.close()
        self._client.close()
        self._pool.close()

    def follow(self, class_: str, ends: Sequence[type[JobEvent]]) -> Sequence[Step]:
        """Run one job; returns what happened to it until it had come to each of its ends, runs that fail included."""
        self._come_to_rest()
        self._jid, self._place, self._steps = class_, None, []
        self._clock.patient = True
        with _scripts_watched(self._script_has_run):
            self._trace.busy(self)  # nobody may fetch the job before its first step is noted
            self._client.enqueue(Job(class_=class_, args=[], jid=class_, max_retry_count=1))
            self._trace.handled(self)
            for number, event in enumerate(ends):
                if number:
                    self._let_retries_come_due()
                self._audience.call(Await(event, class_), timeout=_PATIENCE_SECONDS)
                self._come_to_rest()
        self._clock.patient = False
        return self._steps

    def _let_retries_come_due(self) -> None:
        # By Redis' clock they are: ours stands still in the past.
        self._clock.move_to(self._clock.monotonic() + self._config.poll_interval_seconds)
        self._runtime.timers.run_due()

    def _come_to_rest(self) -> None:
        if not self._trace.wait_quiet(_PATIENCE_SECONDS):
            raise TimeoutError("the node does not come to rest")

    # -- what is noted

    def _succeed(self) -> None:
        self._clock.time()  # a job takes its time: its start is told before it ends
        self._note("Worker", "Worker", "perform returns")

    def _fail(self) -> None:
        self._clock.time()
        self._note("Worker", "Worker", "perform raises")
        raise RuntimeError("as it is meant to")

    def _message_sent(self, sender: str, receiver: str, message: object) -> None:
        text = text_of(message, self._jid) if self._jid is not None and sender != receiver else None
        if text is not None:
            self._note(self._kinds[sender], self._kinds[receiver], text)

    def _script_has_run(self, script: Script) -> None:
        """Note a script that has moved the job."""
        place = self._place_of_job()
        if place != self._place:
            self._place = place
            whither = f"the job goes to {place}" if place else "the job is done"
            self._note(self._kinds[str(current() or _OUTSIDE)], "Redis", f"{script.name}.lua: {whither}")

    def _place_of_job(self) -> str | None:
        keys, jid = Keys(), str(self._jid).encode()
        lists = [keys.queue("default"), keys.in_progress("default", self._config.node_id)]
        for key in (*lists, keys.retry, keys.dead):
            payloads = self._pool.call("LRANGE" if key in lists else "ZRANGE", key, 0, -1)
            if any(jid in payload for payload in payloads):
                return key
        return None

    def _note(self, sender: str, receiver: str, text: str) -> None:
        self._steps.append(Step(sender, receiver, text))


@contextmanager
def _scripts_watched(has_run: Callable[[Script], None]) -> Iterator[None]:
    """Have a function called after each script, on the thread of whoever ran it."""
    run = Connection.script

    def script(self: Connection, script: Script, keys: Sequence[str], args: Sequence[Argument]) -> Any:
        reply = run(self, script, keys, args)
        has_run(script)
        return reply

    Connection.script = script  # type: ignore[method-assign]  # the store has no observer: nobody else needs one
    try:
        yield
    finally:
        Connection.script = run  # type: ignore[method-assign]

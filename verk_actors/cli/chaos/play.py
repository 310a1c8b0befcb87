"""The course of the chaos: a portion of jobs, a fault, a pause, over and over; then the wait for the last job."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Collection

import attrs

from verk_actors.cli.chaos import ledger
from verk_actors.cli.chaos.audit import Findings, compare, places
from verk_actors.cli.chaos.cluster import Cluster
from verk_actors.cli.chaos.faults import FAULTS, Injected, inject
from verk_actors.cli.chaos.jobs import QUEUE, draw
from verk_actors.cli.chaos.report import Report, report
from verk_actors.client import Client
from verk_actors.node import Signals
from verk_actors.otp.clock import SystemClock
from verk_actors.store.pool import Pool

_LOOK_SECONDS = 0.05
_BETWEEN_FAULTS_SECONDS = (0.05, 0.5)
_MOST_WAITING = 500  # jobs in the queue; more are enqueued when the nodes have got on
_SETTLE_SECONDS = 60.0


@attrs.define(eq=False)
class Play:
    """What is played on, and what has happened so far.

    Attributes:
        seed: of all that is left to chance.
        kinds: of faults that may be injected, by their names in FAULTS.
        promised: the fate of each jid that was enqueued.
        injected: the faults.
    """

    cluster: Cluster
    client: Client
    pool: Pool
    signals: Signals
    seed: int
    kinds: Collection[str] = tuple(FAULTS)
    promised: dict[str, str] = attrs.Factory(dict)
    injected: list[Injected] = attrs.Factory(list)
    _chance: random.Random = attrs.field(init=False)
    _now: Callable[[], float] = SystemClock().monotonic

    def __attrs_post_init__(self) -> None:
        self._chance = random.Random(self.seed)

    def run(self, jobs: int, faults: int, show: Callable[[str], None]) -> Report:
        """Enqueue the jobs in as many portions as there are faults, with a fault after each; then count.

        Args:
            jobs: how many.
            faults: how many.
            show: is told now and then how far it has come.
        """
        began = self._now()
        for number in range(1, faults + 1):
            self.enqueue(jobs * number // faults - len(self.promised))
            kind = self.inject().kind
            title = FAULTS[kind].title
            show(f"{len(self.promised):,} of {jobs:,} jobs enqueued, fault {number} of {faults}: {title}")
        show("waiting for the last jobs")
        self.settle()
        seconds = self._now() - began
        self.cluster.stop_nodes()
        return report(self.seed, self.promised, self.injected, self.look(), seconds)

    def enqueue(self, count: int) -> None:
        """Enqueue that many jobs, and wait until the nodes have got on."""
        for fate, job, later in draw(count, self._chance):
            jid = self.client.schedule(job, later) if later else self.client.enqueue(job)
            self.promised[jid] = fate
        while self.client.queue(QUEUE).count() > _MOST_WAITING:
            self.let_pass(_LOOK_SECONDS)

    def inject(self) -> Injected:
        """Inject a fault as soon as one can be."""
        while (fault := inject(self.cluster, self._chance, self.kinds)) is None:
            self.let_pass(_LOOK_SECONDS)
        self.injected.append(fault)
        self.let_pass(self._chance.uniform(*_BETWEEN_FAULTS_SECONDS))
        return fault

    def settle(self) -> None:
        """Wait until each job has ended, within reason."""
        self.cluster.proxy.forget()
        self.cluster.thaw()
        deadline = self._now() + _SETTLE_SECONDS
        while not self.look().settled and self._now() < deadline:
            self.let_pass(10 * _LOOK_SECONDS)

    def look(self) -> Findings:
        """Compare what was promised with what has been done."""
        found = places(self.client, self.pool, self.cluster.names)
        return compare(self.promised, ledger.read(self.cluster.ledgers), found)

    def let_pass(self, seconds: float) -> None:
        """Let time pass and tend the cluster; a signal ends the program, and all that it has started."""
        end = self._now() + seconds
        while (left := end - self._now()) > 0:
            self.cluster.tend()
            if number := self.signals.wait(min(left, _LOOK_SECONDS)):
                sys.exit(128 + number)

"""The course of the chaos: a portion of jobs, a fault, a pause, over and over; then the wait for the last job."""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterable

import attrs

from verk_actors.cli.chaos import ledger
from verk_actors.cli.chaos.audit import Findings, compare, jids, places
from verk_actors.cli.chaos.cluster import Cluster
from verk_actors.cli.chaos.faults import FAULTS, Fault
from verk_actors.cli.chaos.jobs import QUEUE, draw
from verk_actors.cli.chaos.report import Injected, Report, report
from verk_actors.daemon.signals import Signals
from verk_actors.errors import VerkError
from verk_actors.otp.clock import SystemClock

_LOOK_SECONDS = 0.05
_ON_THE_WAY_SECONDS = 0.1  # for what a node sent just before a fault; shorter than most leases' rest
_BETWEEN_FAULTS_SECONDS = 0.4  # at most
_MOST_WAITING = 500  # jobs in the queue; more are enqueued when the nodes have got on
_LONGEST_SECONDS = 60.0  # for what takes seconds, if anything works at all


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
            title = self.inject().title
            show(f"{len(self.promised):,} of {jobs:,} jobs enqueued, fault {number} of {faults}: {title}")
        show("waiting for the last jobs")
        self.settle()
        seconds = self._now() - began
        self.cluster.stop_nodes()
        return report(self.seed, self.promised, self.injected, self.look(), seconds)

    def enqueue(self, count: int) -> None:
        """Enqueue that many jobs, and wait until the nodes have got on."""
        client = self.cluster.client
        for fate, job, later in draw(count, self._chance):
            jid = client.schedule(job, later) if later else client.enqueue(job)
            self.promised[jid] = fate
        self.wait_until(lambda: client.queue(QUEUE).count() <= _MOST_WAITING, "the nodes do not get on")

    def inject(self) -> Fault:
        """Inject a fault of a random kind as soon as one can be, and note which jobs may run again for it."""
        self.wait_until(lambda: len(self.cluster.at_work) > 1, "too few nodes are at work")
        kinds = [kind for kind in FAULTS if kind in self.kinds]
        kind = self._chance.choices(kinds, [FAULTS[kind].weight for kind in kinds])[0]
        struck = FAULTS[kind].inject(self.cluster, self._chance)
        at_risk = self._held_by(struck)  # on a busy machine a lease may be about to end
        self.let_pass(_ON_THE_WAY_SECONDS)
        self.injected.append(Injected(kind, list(dict.fromkeys(at_risk + self._held_by(struck)))))
        self.let_pass(self._chance.uniform(0, _BETWEEN_FAULTS_SECONDS))
        return FAULTS[kind]

    def _held_by(self, nodes: Iterable[str]) -> list[str]:
        return [jid for name in nodes for jid in jids(self.cluster.held(name))]

    def settle(self) -> None:
        """Wait until each job has ended, within reason, and until all nodes are at work, to be stopped in order."""
        self.cluster.proxy.forget()
        self.cluster.thaw()
        deadline = self._now() + _LONGEST_SECONDS
        while not self.look().settled and self._now() < deadline:
            self.let_pass(10 * _LOOK_SECONDS)
        self.wait_until(lambda: len(self.cluster.at_work) == self.cluster.size, "not all nodes are at work")

    def look(self) -> Findings:
        """Compare what was promised with what has been done."""
        at_risk = Counter(jid for fault in self.injected for jid in fault.at_risk)
        return compare(self.promised, at_risk, ledger.read(self.cluster.ledgers), places(self.cluster))

    def wait_until(self, condition: Callable[[], bool], otherwise: str) -> None:
        """Let time pass until a condition holds.

        Raises:
            VerkError: it never does, which means what `otherwise` says.
        """
        deadline = self._now() + _LONGEST_SECONDS
        while not condition():
            if self._now() > deadline:
                raise VerkError(otherwise)
            self.let_pass(_LOOK_SECONDS)

    def let_pass(self, seconds: float) -> None:
        """Let time pass and tend the cluster; a signal ends the program, and all that it has started."""
        end = self._now() + seconds
        while (left := end - self._now()) > 0:
            self.cluster.tend()
            if number := self.signals.wait(min(left, _LOOK_SECONDS)):
                sys.exit(128 + number)

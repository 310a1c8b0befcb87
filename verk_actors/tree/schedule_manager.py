"""Moves retries and scheduled jobs to their queues when they are due.

Supervised by the ActorSystem, permanent; one more for each further Redis, under OtherServers. Every node does this, and
they share the work; Redis' clock decides what is due. Idle, it looks every poll interval, and sooner when it knows of a
job that is due sooner.

Source: Verk lib/verk/schedule_manager.ex. Differs: pages instead of single jobs, docs/decisions/0007.
"""

from __future__ import annotations

from verk_actors.errors import StoreError
from verk_actors.otp import Server, handles
from verk_actors.store.connection import Connection
from verk_actors.store.due import DueJobs
from verk_actors.tree.messages import Tick
from verk_actors.tree.node_log import NodeLog
from verk_actors.tree.node_state import NodeState, RedisServer
from verk_actors.tree.outage import Outage

log = NodeLog(__name__)


class ScheduleManager(Server):
    """The clock of the schedule and retry sets."""

    def __init__(self, node: NodeState, server: RedisServer) -> None:
        super().__init__()
        self._poll_interval_seconds = node.config.poll_interval_seconds
        self._connection = self.own(
            Connection(server.url, name=node.connection_name("schedule"), lifeline=node.lifeline)
        )
        self._due = DueJobs(self._connection, node.keys)
        self._outage = Outage(server.named("schedule"), server.trouble)
        self._refusals = Outage(server.named("schedule, moving"), server.trouble)

    def init(self) -> None:
        """Look at once: jobs may have come due while no node ran."""
        self.actor_ref.cast(Tick())

    @handles(Tick)
    def poll(self, _: Tick) -> None:
        """Move a page of what is due; a message to itself brings the next page, so that a stop can get in."""
        try:
            self._connection.check()
            promoted = self._due.promote()
        except StoreError as error:
            self.send_after(self._outage.goes_on(error, self.clock.monotonic()), Tick())
            return
        self._outage.over(self.clock.monotonic())
        self._see_to_refused(promoted.refusal)
        if promoted.malformed:
            log.warning("%s members of retry or schedule were no jobs and are dead now", promoted.malformed)
        next_due = promoted.next_due_in_seconds
        if next_due == 0:
            self.actor_ref.cast(Tick())
        else:
            longest = self._poll_interval_seconds
            self.send_after(longest if next_due is None else min(longest, next_due), Tick())

    def _see_to_refused(self, refusal: StoreError | None) -> None:
        """Tell of due jobs that can't be moved; they stay, and are tried again at each look."""
        now = self.clock.monotonic()
        if refusal is not None:
            self._refusals.goes_on(refusal, now)
        else:
            self._refusals.over(now)

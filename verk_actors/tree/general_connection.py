"""The connection for whatever has none of its own: to end waits, delete a queue's jobs, tell of runs of job classes.

Supervised by the ActorSystem, permanent, the first child as in Verk; one more for each further Redis, under
OtherServers. Its death costs nothing but a wait of `block_seconds`.

Source: Verk.Redis.
"""

from __future__ import annotations

from verk_actors.errors import StoreError
from verk_actors.otp import Refused, Server, handles
from verk_actors.store.class_counts import RecentClasses
from verk_actors.store.connection import Connection
from verk_actors.store.queue import Queue
from verk_actors.store.waiting import unblock
from verk_actors.tree.messages import DeleteJobs, TellRuns, Unblock
from verk_actors.tree.node_state import NodeState, RedisServer
from verk_actors.tree.outage import Outage


class GeneralConnection(Server):
    """Does short commands for other actors."""

    trap_exit = True  # on a stop, what is in the inbox is done first

    def __init__(self, node: NodeState, server: RedisServer) -> None:
        super().__init__()
        self._connection = self.own(
            Connection(server.url, name=node.connection_name("general"), lifeline=node.lifeline)
        )
        self._keys = node.keys
        self._classes = RecentClasses([self._connection], node.keys)
        self._outage = Outage(server.named("general connection"), server.trouble)
        self._outage_of_runs = Outage(server.named("general connection, runs of classes"), server.trouble)

    @handles(Unblock)
    def unblock(self, message: Unblock) -> None:
        """End another connection's wait; it asks again if this came too early, and waits it out if need be."""
        try:
            self._connection.check()  # used so rarely that it may have died in an outage that is long over
            unblock(self._connection, message.client_id)
        except StoreError as error:
            self._outage.goes_on(error, self.clock.monotonic())
        else:
            self._outage.over(self.clock.monotonic())

    @handles(DeleteJobs)
    def delete_jobs(self, message: DeleteJobs) -> None:
        """Delete the jobs that wait in a queue, its name from the known ones, and its pause for all nodes."""
        try:
            self._connection.check()
            Queue(self._connection, self._keys, message.queue).remove()
        except StoreError as error:
            raise Refused(error) from error

    @handles(TellRuns)
    def tell_runs(self, message: TellRuns) -> None:
        """Tell Redis how often job classes have run; once, so that nothing is counted twice where a reply is lost."""
        try:
            self._connection.check()
            self._classes.add(message.runs)
        except StoreError as error:
            self._outage_of_runs.goes_on(error, self.clock.monotonic())
        else:
            self._outage_of_runs.over(self.clock.monotonic())

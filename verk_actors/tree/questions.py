"""What a node answers to questions over Redis: its tree, the restarts in it, a running job, and that it cancels one."""

from __future__ import annotations

import json
from collections.abc import Sequence

import cattrs

from verk_actors.jobs.run import Cancellation, JobNotRunning, JobPlace
from verk_actors.messages import CancelJob
from verk_actors.otp import Ref, snapshot, supervision
from verk_actors.store.requests import NOTHING
from verk_actors.tree import names
from verk_actors.tree.job_runs import cancellable, inspected
from verk_actors.tree.node_state import NodeState, QueueRow, RedisServer


class Questions:
    """Answers for one node what was asked through one Redis."""

    def __init__(self, node: NodeState, server: RedisServer) -> None:
        self._node = node
        self._server = server

    def answer(self, question: str, root: Ref) -> bytes | None:
        """Return the answer to a question, None to one that is not known.

        Args:
            question: what is asked for, and behind a space whatever more it takes.
            root: the ActorSystem.
        """
        what, _, about = question.partition(" ")
        if what == "tree":
            return _packed(snapshot(root))
        if what == "supervision":
            return _packed(supervision(root))
        rows = [(queue, row) for queue, row in tuple(self._node.queues.items()) if row.server is self._server]
        if what == "cancel":
            return _packed(self._cancelled(rows, about, root))
        if what == "inspect":
            try:
                return _packed(inspected(self._node, rows, about, root.runtime.clock.time()))
            except JobNotRunning:
                return NOTHING
        return None

    def _cancelled(self, rows: Sequence[tuple[str, QueueRow]], jid: str, root: Ref) -> Cancellation | None:
        """Have a job be cancelled; returns where it is now."""
        canceller = root.whereis(names.CANCELLER)
        for queue, _, running_job in cancellable(rows, jid):
            if canceller is not None and canceller.cast(CancelJob(jid)):
                where: JobPlace = "queue" if running_job.worker is None else "running"
                return Cancellation(jid=jid, where=where, queue=queue, node=self._node.config.node_id)
        return None


def _packed(value: object) -> bytes:
    return json.dumps(cattrs.unstructure(value)).encode()

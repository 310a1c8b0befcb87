"""One moment of the model: what Redis holds, and what each process believes.

All of it is tuples, so that two moments can be compared and remembered. A payload is a text: the job's letter, and one
prime for each run that failed, as a failure rewrites the payload: `a`, then `a'`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple, TypeAlias

NODES = (0, 1)
NAMES = "AB"
NO_LEASE = 0

Step: TypeAlias = "tuple[str, bool, State]"
"""What happens, in words; whether it is a fault; and the moment after it."""


class Row(NamedTuple):
    """One job in the running table of a node.

    phase: waiting, running, ok, bad; or half, where a protocol that fails jobs in two steps is between them.
    sent: its fate has been sent to Redis, with or without a reply.
    lost: a peer has taken it, though it still runs here.
    """

    payload: str
    phase: str = "waiting"
    sent: bool = False
    lost: bool = False


class Node(NamedTuple):
    """What one process knows.

    token: what it takes its lease with.
    believes: that it holds its lease.
    certain: its table agrees with Redis, as far as it knows (the QueueManager's `_reconciled`).
    orphans: payloads that it has found in its list and knows nothing of; to be given back next.
    """

    alive: bool
    token: int
    believes: bool
    certain: bool
    table: tuple[Row, ...] = ()
    orphans: tuple[str, ...] = ()


class Late(NamedTuple):
    """A request whose sender has given up on it, and which Redis will carry out all the same."""

    node: int
    token: int
    payload: str  # of the job to be settled; empty for none
    letter: str  # its fate
    fetch: bool
    old: bool = False  # the lease that it was made under has run out; for the invariants only


class State(NamedTuple):
    """Everything.

    queue, retry, in_progress: payloads, in order of the alphabet; the last one by node.
    leases: the token that Redis holds for each node; 0 for none.
    registered: which nodes are in `verk_nodes`.
    done: the jobs whose success Redis has been told.
    target: the node that the rescuer has found dead and works on; half: it has moved the jobs, and no more, yet.
    patient: the rescuer has held its own lease for as long as a lease lasts.
    late: requests still to be carried out.
    overslept: nodes that live, but slept for longer than their lease; for the invariants only, as the next two.
    starts: by payload, how many more times it may start: once, and once for each rightful rescue.
    intruded: a job was fetched for a request made under a lease that had run out.
    faults: how many of each may still happen.
    """

    queue: tuple[str, ...]
    retry: tuple[str, ...]
    in_progress: tuple[tuple[str, ...], ...]
    leases: tuple[int, ...]
    registered: tuple[bool, ...]
    done: tuple[str, ...]
    nodes: tuple[Node, ...]
    target: int | None
    half: bool
    patient: bool
    late: tuple[Late, ...]
    overslept: tuple[bool, ...]
    starts: tuple[tuple[str, int], ...]
    intruded: bool
    faults: tuple[int, ...]

    def with_node(self, n: int, **changes: Any) -> State:
        """Return the same moment with one node changed."""
        return self._replace(nodes=put(self.nodes, n, self.nodes[n]._replace(**changes)))

    def may_start(self, payload: str, change: int) -> State:
        """Return the same moment where a payload may start so many more times."""
        starts = dict(self.starts)
        starts[payload] = starts.get(payload, 1) + change
        return self._replace(starts=tuple(sorted(starts.items())))


def first_state(jobs: str, faults: tuple[int, ...]) -> State:
    """Return the moment in which all jobs wait and both nodes are well."""
    node = Node(alive=True, token=1, believes=True, certain=True)
    return State(
        queue=tuple(jobs), retry=(), in_progress=((), ()), leases=(1, 1), registered=(True, True), done=(),
        nodes=(node, node), target=None, half=False, patient=True, late=(), overslept=(False, False), starts=(),
        intruded=False, faults=faults,
    )  # fmt: skip


def put(items: tuple[Any, ...], at: int, item: Any) -> tuple[Any, ...]:
    """Return a tuple with one item replaced."""
    return (*items[:at], item, *items[at + 1 :])


def added(items: tuple[Any, ...], *more: Any) -> tuple[Any, ...]:
    """Return a sorted tuple with items added."""
    return tuple(sorted((*items, *more)))


def without(items: Iterable[Any], item: Any) -> tuple[Any, ...]:
    """Return a tuple without one of the items that equal `item`."""
    rest = list(items)
    rest.remove(item)
    return tuple(rest)

"""What may go wrong beside the requests, each as often as a scenario says."""

from __future__ import annotations

from collections.abc import Iterator

from model.protocol import Protocol
from model.state import NAMES, NO_LEASE, NODES, State, Step, put

KINDS = ("crash", "pause", "failure", "loss", "late", "late settlement", "manager", "redis")
"""A node dies; sleeps past its lease; a job raises; a request or its reply is lost; a fetch, or a settlement, times out
and is carried out later; a manager crashes; Redis restarts, and all leases are gone."""


def budget(**counts: int) -> tuple[int, ...]:
    """Return how often each fault may happen."""
    return tuple(counts.get(kind.replace(" ", "_"), 0) for kind in KINDS)


def left(state: State, kind: str) -> bool:
    """Whether a fault may still happen."""
    return state.faults[KINDS.index(kind)] > 0


def spent(state: State, kind: str) -> State:
    """Return a moment in which it may happen one time less."""
    at = KINDS.index(kind)
    return state._replace(faults=put(state.faults, at, state.faults[at] - 1))


def steps(state: State, protocol: Protocol) -> Iterator[Step]:
    """Yield the faults that may happen now."""
    for n in NODES:
        node, name = state.nodes[n], NAMES[n]
        if not node.alive:
            continue
        if left(state, "crash"):
            dead = state.with_node(n, alive=False, believes=False, certain=False, table=(), orphans=())
            yield f"{name} DIES", True, spent(dead, "crash")
        if left(state, "pause") and state.leases[n] != NO_LEASE:
            asleep = state._replace(leases=put(state.leases, n, NO_LEASE), overslept=put(state.overslept, n, True))
            asleep = asleep._replace(late=tuple(late._replace(old=late.old or late.node == n) for late in state.late))
            yield f"{name} SLEEPS past its lease", True, spent(asleep, "pause")
        if left(state, "manager"):
            yield f"a manager of {name} CRASHES", True, spent(_without_manager(state, protocol, n), "manager")
    if left(state, "redis"):
        # The rescuer's connection breaks with the server, so that what it had seen is seen anew.
        restarted = state._replace(leases=(NO_LEASE,) * len(NODES), patient=False, target=None, half=False)
        yield "Redis RESTARTS without the leases", True, spent(restarted, "redis")


def _without_manager(state: State, protocol: Protocol, n: int) -> State:
    """Return the moment after the restart of a QueueManager: the table is still there, what it knew besides is not."""
    node = state.nodes[n]
    if protocol.adopts:
        table = tuple(row for row in node.table if not row.lost)
        return state.with_node(n, table=table, orphans=(), certain=not protocol.reconciles)
    if protocol.reconciles:
        return state.with_node(n, table=(), orphans=(), certain=False)
    # Verk's WorkersManager puts all that is in progress back into the queue when it starts, whoever may run it.
    back = tuple(sorted((*state.queue, *state.in_progress[n])))
    return state._replace(queue=back, in_progress=put(state.in_progress, n, ())).with_node(n, table=())

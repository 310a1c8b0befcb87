"""The Lua scripts, as functions from one moment to the next: nothing ever comes between their parts."""

from __future__ import annotations

from model.protocol import Protocol
from model.state import NO_LEASE, State, added, put, without


def fetched(state: State, protocol: Protocol, n: int, token: int, payload: str) -> State | None:
    """Move a job from the queue to a node's list (exchange.lua); None where the lease is not the token's."""
    if protocol.fenced_fetch and state.leases[n] != token:
        return None
    state = state._replace(
        queue=without(state.queue, payload),
        in_progress=put(state.in_progress, n, added(state.in_progress[n], payload)),
    )
    return state if protocol.heartbeat_registers else state._replace(registered=put(state.registered, n, True))


def settled(state: State, protocol: Protocol, n: int, payload: str, letter: str) -> State:
    """Take a job out of a node's list, and put it where its fate says (exchange.lua).

    The letters are the script's: a acknowledge, r retry, q requeue. And z: put into the retry set and leave where it
    is; x: take out and put nowhere; the two halves of a failure in two steps.
    """
    ours = payload in state.in_progress[n]
    if ours and letter != "z":
        state = state._replace(in_progress=put(state.in_progress, n, without(state.in_progress[n], payload)))
    if letter == "z" or (letter == "r" and (ours or not protocol.fenced_settlement)):
        return state._replace(retry=added(state.retry, payload + "'"))
    if letter == "q" and ours:
        return state._replace(queue=added(state.queue, payload))
    if letter == "a" and ours:
        return state._replace(done=added(state.done, payload[0]))
    return state


def beaten(state: State, protocol: Protocol, n: int) -> State:
    """Take or keep the lease, and register the node (heartbeat.lua)."""
    node = state.nodes[n]
    lapsed = state.leases[n] == NO_LEASE
    token = node.token + 1 if lapsed and protocol.fresh_token else node.token
    state = state.with_node(n, token=token, believes=True)._replace(
        leases=put(state.leases, n, token), overslept=put(state.overslept, n, False)
    )
    return state._replace(registered=put(state.registered, n, True)) if protocol.heartbeat_registers else state


def rescued(state: State, n: int) -> State:
    """Move one job of a node's list, if there is one, back to its queue (rescue.lua); counts rightful rescues."""
    if not state.in_progress[n]:
        return state
    payload = state.in_progress[n][0]
    state = settled(state, Protocol(), n, payload, "q")
    rightful = state.leases[n] == NO_LEASE and (state.overslept[n] or not state.nodes[n].alive)
    return state.may_start(payload, +1) if rightful else state


def forgotten(state: State, n: int) -> State:
    """Take a node off the list of nodes (the end of rescue.lua)."""
    return state._replace(registered=put(state.registered, n, False))


def promoted(state: State, payload: str) -> State:
    """Move a job that is due to its queue (move.lua)."""
    return state._replace(retry=without(state.retry, payload), queue=added(state.queue, payload))

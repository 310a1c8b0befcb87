"""A node's request to Redis, and all that may become of it: an answer, or a loss on the way there or back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from model import faults, scripts
from model.protocol import Protocol
from model.state import NAMES, Late, Row, State, Step, added, without

_WORDS = {"a": "acknowledges", "r": "fails", "z": "puts into retry", "x": "takes off its list", "q": "gives back"}


class Request(NamedTuple):
    """One call of exchange.lua.

    row: the job to be settled, if any; letter: its fate, as in `scripts.settled`.
    payload: the job that the queue has to give, if the request fetches.
    """

    row: Row | None
    letter: str
    payload: str | None


def outcomes(state: State, protocol: Protocol, n: int, request: Request) -> Iterator[Step]:
    """Yield what may become of a request."""
    words, node = _words(n, request), state.nodes[n]
    row, letter, payload = request
    done, fetched = _carried_out(state, protocol, n, node.token, request)
    yield words, False, _answered(done, protocol, n, request, fetched)
    if faults.left(state, "loss"):
        if row is None and protocol.repeats_fetches:
            yield from _sent_again(words, faults.spent(done, "loss"), protocol, n)
        else:
            yield f"{words}, and the REPLY is LOST", True, _in_doubt(faults.spent(done, "loss"), protocol, n, row)
            lost = _in_doubt(faults.spent(state, "loss"), protocol, n, row)
            yield f"{words}, but the REQUEST is LOST", True, lost
    kind = "late" if row is None else "late settlement"
    if faults.left(state, kind):
        late = Late(n, node.token, row.payload if row else "", letter, payload is not None)
        doubtful = _in_doubt(faults.spent(state, kind), protocol, n, row)
        yield f"{words}, but it TIMES OUT", True, doubtful._replace(late=added(state.late, late))


def late_steps(state: State, protocol: Protocol) -> Iterator[Step]:
    """Yield what happens when Redis carries out a request whose sender has given up."""
    for late in state.late:
        rest = state._replace(late=without(state.late, late))
        row = Row(late.payload) if late.payload else None
        for payload in dict.fromkeys(rest.queue) if late.fetch and rest.queue else (None,):
            request = Request(row, late.letter, payload)
            done, fetched = _carried_out(rest, protocol, late.node, late.token, request)
            if fetched and late.old:
                done = done._replace(intruded=True)
            yield f"only now Redis carries out: {_words(late.node, request)}", False, done


def _carried_out(state: State, protocol: Protocol, n: int, token: int, request: Request) -> tuple[State, bool]:
    """Return the moment after the script, and whether it has fetched."""
    row, letter, payload = request
    if row is not None:
        state = scripts.settled(state, protocol, n, row.payload, letter)
    after = scripts.fetched(state, protocol, n, token, payload) if payload else None
    return (state, False) if after is None else (after, True)


def _answered(state: State, protocol: Protocol, n: int, request: Request, fetched: bool) -> State:
    """Return the moment in which the node has heard of it."""
    row, letter, payload = request
    node = state.nodes[n]
    if letter == "q":
        return state.with_node(n, orphans=node.orphans[1:], certain=not node.orphans[1:])
    if row is not None:
        table = without(node.table, row)
        table = added(table, row._replace(phase="half")) if letter == "z" else table
        state = state.with_node(n, table=table)
    if payload is None:
        return state
    return _taken(state, n, payload) if fetched else state.with_node(n, believes=False)


def _taken(state: State, n: int, payload: str) -> State:
    """Enter a fetched job into the table; one that still runs here, since a peer had it, is not started again."""
    table = state.nodes[n].table
    lost = next((row for row in table if row.lost and row.payload == payload), None)
    if lost is not None:
        return state.with_node(n, table=added(without(table, lost), lost._replace(lost=False)))
    return state.with_node(n, table=added(table, Row(payload)))


def _in_doubt(state: State, protocol: Protocol, n: int, row: Row | None) -> State:
    """Return the moment in which the node knows that it doesn't know."""
    table = state.nodes[n].table
    if row in table:
        again = (row._replace(sent=True),) if protocol.repeats_settlements else ()
        table = added(without(table, row), *again)
    return state.with_node(n, table=table, orphans=(), certain=not protocol.reconciles)


def _sent_again(words: str, state: State, protocol: Protocol, n: int) -> Iterator[Step]:
    """Yield the same fetch again, whose answer tells of other jobs than those that the first has moved."""
    words += ", the REPLY is LOST, and the library SENDS it AGAIN"
    for payload in dict.fromkeys(state.queue):
        request = Request(None, "", payload)
        done, fetched = _carried_out(state, protocol, n, state.nodes[n].token, request)
        yield words, True, _answered(done, protocol, n, request, fetched)
    if not state.queue:
        yield words, True, state


def _words(n: int, request: Request) -> str:
    row, letter, payload = request
    parts = [f"{_WORDS[letter]} {row.payload}"] if row is not None else []
    return f"{NAMES[n]} " + " and ".join([*parts, *([f"fetches {payload}"] if payload else [])])

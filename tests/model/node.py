"""What a living node does: its workers, its QueueManager, its NodeManager and its ScheduleManager."""

from __future__ import annotations

from collections.abc import Iterator

from model import faults, scripts
from model.protocol import Protocol
from model.requests import Request, outcomes
from model.state import NAMES, Row, State, Step, added, without


def steps(state: State, protocol: Protocol, n: int) -> Iterator[Step]:
    """Yield all that may happen next on a node that lives."""
    yield from _work(state, n)
    if not state.nodes[n].orphans:
        yield from _exchange(state, protocol, n)
    if protocol.reconciles:
        yield from _reconcile(state, protocol, n)
    beaten = scripts.beaten(state, protocol, n)
    if beaten != state:
        yield f"{NAMES[n]} renews its lease", False, beaten


def _work(state: State, n: int) -> Iterator[Step]:
    """Workers: start jobs, and end them."""
    table = state.nodes[n].table
    for row in table:
        rest = without(table, row)
        if row.phase == "waiting":
            begun = state.with_node(n, table=added(rest, row._replace(phase="running")))
            yield f"{NAMES[n]} starts {row.payload}", False, begun.may_start(row.payload, -1)
        elif row.phase == "running":
            good, bad = (
                state.with_node(n, table=rest if row.lost else added(rest, row._replace(phase=phase)))
                for phase in ("ok", "bad")
            )
            yield f"{row.payload} succeeds on {NAMES[n]}", False, good
            if faults.left(state, "failure"):
                yield f"{row.payload} FAILS on {NAMES[n]}", True, faults.spent(bad, "failure")


def _exchange(state: State, protocol: Protocol, n: int) -> Iterator[Step]:
    """QueueManager: settle a job, or fetch one, or both in one script."""
    node = state.nodes[n]
    if not node.certain:
        return
    held = sum(not row.lost for row in node.table)
    ended: list[Row | None] = [row for row in node.table if row.phase in ("ok", "bad", "half")]
    for row in (None, *ended):
        letter = _letter(row, protocol)
        if row is not None:
            yield from outcomes(state, protocol, n, Request(row, letter, None))
        leaves = row is not None and letter != "z"
        if node.believes and held - leaves < protocol.slots:
            for payload in dict.fromkeys(state.queue):
                yield from outcomes(state, protocol, n, Request(row, letter, payload))


def _letter(row: Row | None, protocol: Protocol) -> str:
    """Return what becomes of a job that has ended, in the letters of `scripts.settled`."""
    if row is None:
        return ""
    if row.phase == "bad":
        return "r" if protocol.one_step_failure else "z"
    return {"ok": "a", "half": "x"}[row.phase]


def _reconcile(state: State, protocol: Protocol, n: int) -> Iterator[Step]:
    """QueueManager: compare the list with the table (reconcile.py), and give back what nobody here knows.

    It does so after a lost reply and at each heartbeat. As a heartbeat may come at any time, so may this.
    """
    node = state.nodes[n]
    if node.orphans:
        yield from outcomes(state, protocol, n, Request(Row(node.orphans[0]), "q", None))
    elif node.believes:
        listed, table = list(state.in_progress[n]), []
        for row in node.table:
            if row.payload in listed and not row.lost:
                listed.remove(row.payload)
                table.append(row)
            elif row.lost or (row.phase == "running" and not row.sent):
                table.append(row._replace(lost=True))
        compared = state.with_node(n, table=tuple(sorted(table)), orphans=tuple(listed), certain=not listed)
        if compared != state:
            yield f"{NAMES[n]} compares its list with its table", False, compared

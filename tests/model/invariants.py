"""What must be true at every moment, and what may go on for ever at none."""

from __future__ import annotations

from collections import Counter

from model.protocol import Protocol
from model.state import NAMES, NODES, State

LOST = "LOST"  # a job is nowhere, or where nobody looks
COPIES = "COPIES"  # a job is in two places, or still somewhere though it has succeeded
TWICE = "TWICE"  # a job starts more often than once, and once for each time it was taken from a dead or fenced node
TOO_MANY = "TOO MANY"  # a node has more jobs in its list than it can run
INTRUSION = "INTRUSION"  # a job was fetched for a request made under a lease that had run out
STUCK = "STUCK"  # a job can never end, though nothing more goes wrong (see explore.py)


def broken(state: State, jobs: str, protocol: Protocol) -> dict[str, str]:
    """Return what is wrong with a moment, and in what way."""
    wrong: dict[str, str] = {}
    places = Counter(payload[0] for payload in (*state.queue, *state.retry, *state.done))
    for n in NODES:
        found = state.nodes[n].alive or state.registered[n]
        for payload in state.in_progress[n]:
            places[payload[0]] += 1
            if not found:
                wrong[LOST] = f"{payload} is in the list of {NAMES[n]}, which is dead, and known to nobody"
        if len(state.in_progress[n]) > protocol.slots:
            wrong[TOO_MANY] = f"{NAMES[n]} has {len(state.in_progress[n])} jobs and can run {protocol.slots}"
    for job in jobs:
        if places[job] == 0:
            wrong[LOST] = f"{job} is nowhere"
        elif places[job] > 1:
            wrong[COPIES] = f"{job} is in {places[job]} places"
    if state.intruded:
        wrong[INTRUSION] = "a job was fetched for a request made under a lease that had run out since"
    for payload, starts in state.starts:
        if starts < 0:
            wrong[TWICE] = f"{payload} was started again, though nobody had taken it from a dead or fenced node"
    return wrong

"""Visits every moment that can come about, the nearest first, so that a way to a wrong one is as short as can be."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import attrs

from model import faults, node, rescuer, scripts
from model.invariants import STUCK, broken
from model.protocol import Protocol
from model.requests import late_steps
from model.state import NAMES, NO_LEASE, NODES, State, Step, first_state, put


@attrs.frozen
class Report:
    """What was found.

    Attributes:
        states: how many moments there are.
        violations: for each kind of violation the first one, with the steps that lead to it.
    """

    states: int
    violations: dict[str, str]

    def __str__(self) -> str:
        return "\n\n".join(self.violations.values()) or "nothing is wrong"


def explore(protocol: Protocol, jobs: str = "ab", *, until: str = "", **counts: int) -> Report:
    """Return what is wrong with a protocol.

    Args:
        protocol: its parts.
        jobs: a letter for each job.
        until: the kind of violation at which to stop.
        counts: how often each fault may happen, as `faults.budget` names them.
    """
    found = _Visited(first_state(jobs, faults.budget(**counts)))
    violations: dict[str, str] = {}
    for at, state in found.walk(protocol):
        for kind, why in broken(state, jobs, protocol).items():
            if kind not in violations:
                violations[kind] = found.story(at, kind, why)
        if until in violations:
            return Report(len(found.states), violations)
    stuck = found.stuck(jobs)
    if stuck is not None:
        violations[STUCK] = found.story(stuck, STUCK, "from here on, some job can never succeed")
    return Report(len(found.states), violations)


def steps(state: State, protocol: Protocol) -> Iterator[Step]:
    """Yield all that may happen next."""
    for n in NODES:
        if state.nodes[n].alive:
            yield from node.steps(state, protocol, n)
        else:
            yield from _after_death(state, n)
    yield from rescuer.steps(state, protocol)
    for payload in dict.fromkeys(state.retry):
        yield f"{payload} is due", False, scripts.promoted(state, payload)
    yield from late_steps(state, protocol)
    yield from faults.steps(state, protocol)


def _after_death(state: State, n: int) -> Iterator[Step]:
    """The lease of a dead node runs out; then a process may start under its id, which first takes its jobs back."""
    if state.leases[n] != NO_LEASE:
        yield f"the lease of {NAMES[n]} runs out", False, state._replace(leases=put(state.leases, n, NO_LEASE))
    elif state.in_progress[n]:
        yield f"the next {NAMES[n]} takes back {state.in_progress[n][0]}", False, scripts.rescued(state, n)
    else:
        born = state.with_node(n, alive=True, token=state.nodes[n].token + 1)
        yield f"{NAMES[n]} starts again", False, scripts.forgotten(born, n)


class _Visited:
    """The moments, in the order they were found, and how they follow from each other."""

    def __init__(self, first: State) -> None:
        self.states = [first]
        self._number = {first: 0}
        self._before: list[tuple[int, str]] = [(0, "")]
        self._harmless: list[list[int]] = []  # the moments that follow without a fault

    def walk(self, protocol: Protocol) -> Iterator[tuple[int, State]]:
        """Yield all moments with their numbers."""
        todo = deque([0])
        while todo:
            at = todo.popleft()
            state = self.states[at]
            yield at, state
            harmless = []
            for words, is_fault, after in steps(state, protocol):
                number = self._number.get(after)
                if number is None:
                    number = self._number[after] = len(self.states)
                    self.states.append(after)
                    self._before.append((at, words))
                    todo.append(number)
                if not is_fault:
                    harmless.append(number)
            self._harmless.append(harmless)

    def stuck(self, jobs: str) -> int | None:
        """Return the first moment from which no way without a fault leads to the success of all jobs."""
        ways_to: list[list[int]] = [[] for _ in self.states]
        for at, following in enumerate(self._harmless):
            for number in following:
                ways_to[number].append(at)
        well = {at for at, state in enumerate(self.states) if set(state.done) == set(jobs)}
        todo = list(well)
        while todo:
            for at in ways_to[todo.pop()]:
                if at not in well:
                    well.add(at)
                    todo.append(at)
        return next((at for at in range(len(self.states)) if at not in well), None)

    def story(self, at: int, kind: str, why: str) -> str:
        """Return how a moment comes about, a step a line."""
        lines: list[str] = []
        while at:
            at, words = self._before[at]
            lines.append(words)
        return "\n".join([f"{kind}: {why}", *(f"{i:4} {words}" for i, words in enumerate(reversed(lines), 1))])

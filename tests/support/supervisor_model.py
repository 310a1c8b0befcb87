"""A pure model of a supervisor: what supervisor(3) says, without processes, messages or time."""

from __future__ import annotations

import itertools
from collections import deque

import attrs

from verk_actors.otp import Restart, Strategy


@attrs.define(eq=False)
class Child:
    """One child; `life` tells its processes apart, `retry` is the number of the try that is to come."""

    id: str
    restart: Restart
    running: bool = False
    life: int = 0
    retry: int | None = None
    restarts: int = 0


@attrs.define
class Model:
    """A supervisor's children in start order, and the restarts that still count.

    Attributes:
        notes: the starts and stops, `+id` and `-id shutdown`, in order.
        failing: ids of children that do not start.
    """

    strategy: Strategy
    max_restarts: int = 3
    max_seconds: float = 5.0
    now: float = 0.0
    alive: bool = True
    children: list[Child] = attrs.field(factory=list)
    notes: list[str] = attrs.field(factory=list)
    failing: set[str] = attrs.field(factory=set)
    _restarted_at: list[float] = attrs.field(factory=list)
    _numbers: itertools.count[int] = attrs.field(factory=lambda: itertools.count(1))

    def get(self, id: str) -> Child | None:
        """Return the child of that id."""
        return next((child for child in self.children if child.id == id), None)

    def add(self, id: str, restart: Restart) -> bool:
        """Start a new child; it is not kept where that fails."""
        child = Child(id, restart)
        self.children.append(child)
        if not self.start(child):
            self.children.remove(child)
            return False
        return True

    def start(self, child: Child) -> bool:
        """Start a child; False where it fails."""
        self.notes.append(f"+{child.id}")
        child.life, child.retry = next(self._numbers), None
        child.running = child.id not in self.failing
        return child.running

    def stop(self, *children: Child) -> None:
        """Stop children, the last first."""
        for child in reversed(children):
            if child.running:
                self.notes.append(f"-{child.id} shutdown")
            child.running, child.life, child.retry = False, 0, None

    def terminate(self, child: Child) -> None:
        """Stop a child by request."""
        self.stop(child)
        if child.restart is Restart.TEMPORARY:
            self.children.remove(child)

    def ended(self, *ends: tuple[Child, bool]) -> None:
        """Have children end by themselves, gracefully or not, all before the supervisor hears of the first."""
        inbox = deque((child, child.life, graceful) for child, graceful in ends)
        for child, _ in ends:
            child.running = False
        tries: deque[tuple[Child, int]] = deque()  # behind all that is in the inbox already
        while self.alive and (inbox or tries):
            failed = None
            if inbox:
                child, life, graceful = inbox.popleft()
                if child in self.children and child.life == life:
                    failed = self._end_of(child, graceful)
            else:
                child, number = tries.popleft()
                if child in self.children and child.retry == number:
                    failed = self._restart(child)
            if failed is not None:
                failed.retry = next(self._numbers)
                tries.append((failed, failed.retry))

    def _end_of(self, child: Child, graceful: bool) -> Child | None:
        child.life = 0
        if child.restart is Restart.PERMANENT or (child.restart is Restart.TRANSIENT and not graceful):
            return self._restart(child)
        if child.restart is Restart.TEMPORARY:
            self.children.remove(child)
        return None

    def _restart(self, child: Child) -> Child | None:
        """Restart a child and those that go with it; returns the first that does not start."""
        self._restarted_at = [at for at in self._restarted_at if self.now - at <= self.max_seconds] + [self.now]
        if len(self._restarted_at) > self.max_restarts:
            self.stop(*self.children)
            self.alive = False
            return None
        group = {
            Strategy.ONE_FOR_ONE: [child],
            Strategy.ONE_FOR_ALL: self.children[:],
            Strategy.REST_FOR_ONE: self.children[self.children.index(child) :],
        }[self.strategy]
        self.stop(*group)
        for other in group:
            if other.restart is Restart.TEMPORARY:
                self.children.remove(other)
            else:
                other.restarts += 1
        return next((c for c in group if c.restart is not Restart.TEMPORARY and not self.start(c)), None)

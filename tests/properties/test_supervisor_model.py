"""The supervisor against its model: whatever is done to both, the same is started, stopped and alive, in order."""

from __future__ import annotations

import logging

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from support.processes import Bench, Oops, Puppet, crash, stuck
from support.supervisor_model import Child, Model

from verk_actors.otp import (
    NORMAL,
    SHUTDOWN,
    ChildAlreadyPresent,
    ChildAlreadyStarted,
    ChildNotFound,
    ChildRunning,
    ChildSpec,
    Crashed,
    DeleteChild,
    ExitReason,
    Restart,
    RestartChild,
    StartChild,
    StartError,
    Stop,
    Strategy,
    TerminateChild,
    WhichChildren,
)

IDS = st.sampled_from("abcde")
CHILDREN = st.lists(st.tuples(IDS, st.sampled_from(Restart)), unique_by=lambda child: child[0], min_size=1)
ENDS: dict[str, ExitReason | None] = {"normal": NORMAL, "shutdown": SHUTDOWN, "oops": Crashed(Oops()), "kill": None}

alive = precondition(lambda self: self.model.alive)


class SupervisorMachine(RuleBasedStateMachine):
    """Does the same to a supervisor and to its model."""

    def __init__(self) -> None:
        super().__init__()
        logging.disable(logging.CRITICAL)  # what would be logged is meant to happen
        self.bench = Bench()

    def teardown(self) -> None:
        self.bench.end()
        logging.disable(logging.NOTSET)
        assert self.bench.names.all() == {}
        assert self.bench.abandoned() == []

    def spec(self, id: str, restart: Restart) -> ChildSpec:
        def fail_if_told() -> None:
            if id in self.model.failing:
                raise Oops

        return self.bench.spec(id, restart=restart, start=lambda: Puppet(id, self.bench.notes, on_init=fail_if_told))

    @initialize(strategy=st.sampled_from(Strategy), children=CHILDREN)
    def start(self, strategy: Strategy, children: list[tuple[str, Restart]]) -> None:
        self.model = Model(strategy)
        specs = [self.spec(*child) for child in children]
        for child in children:
            self.model.add(*child)
        self.supervisor = self.bench.supervisor(*specs, strategy=strategy)
        self.model.notes.clear()

    @precondition(lambda self: not self.model.alive)
    @rule(strategy=st.sampled_from(Strategy), children=CHILDREN)
    def start_another(self, strategy: Strategy, children: list[tuple[str, Restart]]) -> None:
        self.start(strategy, children)

    def end(self, child: Child, how: str) -> tuple[Child, bool]:
        """End the process of a child that runs; returns the child and whether that was graceful."""
        ref, reason = self.bench.find(child.id), ENDS[how]
        if reason is None:
            ref.kill()
        else:
            ref.tell(crash(Stop(reason)))
            self.model.notes.append(f"-{child.id} {how}")
        assert ref.thread is not None
        ref.thread.join(10.0)
        return child, reason is not None and reason.graceful

    @alive
    @rule(ids=st.lists(IDS, min_size=1, max_size=3, unique=True), how=st.sampled_from(list(ENDS)))
    def children_end(self, ids: list[str], how: str) -> None:
        children = [child for id in ids if (child := self.model.get(id)) and child.running]
        with stuck(self.supervisor):
            ends = [self.end(child, how) for child in children]
        self.model.ended(*ends)
        self.bench.settle()

    @alive
    @rule(id=IDS)
    def a_child_begins_or_ceases_to_fail_at_its_start(self, id: str) -> None:
        self.model.failing ^= {id}

    @alive
    @rule(seconds=st.sampled_from([0.5, 2.0, 5.0, 6.0]))
    def time_passes(self, seconds: float) -> None:
        self.bench.advance(seconds)
        self.model.now += seconds

    @alive
    @rule(id=IDS, restart=st.sampled_from(Restart))
    def start_child(self, id: str, restart: Restart) -> None:
        child, request = self.model.get(id), StartChild(self.spec(id, restart))
        if child is not None:
            with pytest.raises(ChildAlreadyStarted if child.running else ChildAlreadyPresent):
                self.supervisor.call(request)
        elif self.model.add(id, restart):
            assert self.supervisor.call(request) is self.bench.find(id)
        else:
            with pytest.raises(StartError):
                self.supervisor.call(request)

    @alive
    @rule(id=IDS)
    def terminate_child(self, id: str) -> None:
        child = self.model.get(id)
        if child is None:
            with pytest.raises(ChildNotFound):
                self.supervisor.call(TerminateChild(id))
        else:
            self.model.terminate(child)
            self.supervisor.call(TerminateChild(id))

    @alive
    @rule(id=IDS)
    def restart_child(self, id: str) -> None:
        child = self.model.get(id)
        if child is None or child.running:
            with pytest.raises(ChildRunning if child else ChildNotFound):
                self.supervisor.call(RestartChild(id))
        elif self.model.start(child):
            assert self.supervisor.call(RestartChild(id)) is self.bench.find(id)
        else:
            with pytest.raises(StartError):
                self.supervisor.call(RestartChild(id))

    @alive
    @rule(id=IDS)
    def delete_child(self, id: str) -> None:
        child = self.model.get(id)
        if child is None or child.running:
            with pytest.raises(ChildRunning if child else ChildNotFound):
                self.supervisor.call(DeleteChild(id))
        else:
            self.model.children.remove(child)
            self.supervisor.call(DeleteChild(id))

    @invariant()
    def the_same_was_done_in_the_same_order(self) -> None:
        noted, self.model.notes = self.model.notes, []
        assert self.bench.noted() == noted

    @invariant()
    def the_same_children_live(self) -> None:
        assert self.supervisor.is_alive() == self.model.alive
        running = {child.id for child in self.model.children if child.running}
        assert {name for name in self.bench.names.all() if name != "supervisor"} == running

    @alive
    @invariant()
    def the_supervisor_tells_the_same_of_them(self) -> None:
        assert [(row.id, row.state, row.restarts) for row in self.supervisor.call(WhichChildren())] == [
            (child.id, "running" if child.running else "stopped", child.restarts) for child in self.model.children
        ]


TestSupervisor = pytest.mark.slow(SupervisorMachine.TestCase)  # many runs of many steps
TestSupervisor.settings = settings(max_examples=60, stateful_step_count=30)

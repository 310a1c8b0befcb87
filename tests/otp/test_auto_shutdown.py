"""Significant children, whose own end may end their supervisor."""

from __future__ import annotations

import pytest
from support.processes import Bench, Flaky, crash, stuck

from verk_actors.otp import (
    NORMAL,
    SHUTDOWN,
    AutoShutdown,
    Backoff,
    ChildSpec,
    DynamicSupervisor,
    Ref,
    Restart,
    StartChild,
    Stop,
    TerminateChild,
)

NEVER, ANY, ALL = AutoShutdown.NEVER, AutoShutdown.ANY_SIGNIFICANT, AutoShutdown.ALL_SIGNIFICANT


def significant(bench: Bench, name: str, restart: Restart = Restart.TRANSIENT, **fields: object) -> ChildSpec:
    return bench.spec(name, restart=restart, significant=True, **fields)


def test_by_default_no_childs_end_ends_the_supervisor(bench: Bench) -> None:
    """supervisor(3): auto_shutdown defaults to never."""
    supervisor = bench.supervisor(bench.spec("a", restart=Restart.TRANSIENT))

    bench.tell("a", crash(Stop(NORMAL)))

    assert supervisor.is_alive()


def test_any_significant_ends_the_supervisor_with_the_first(bench: Bench) -> None:
    """supervisor(3): any_significant ends the supervisor, with shutdown, when any significant child ends."""
    supervisor = bench.supervisor(significant(bench, "a"), significant(bench, "b"), "c", auto_shutdown=ANY)

    bench.tell("a", crash(Stop(NORMAL)))

    assert supervisor.reason == SHUTDOWN
    assert bench.noted() == ["-a normal", "-c shutdown", "-b shutdown"]


def test_all_significant_ends_the_supervisor_with_the_last(bench: Bench) -> None:
    """supervisor(3): all_significant ends the supervisor when the last active significant child ends."""
    supervisor = bench.supervisor(significant(bench, "a"), significant(bench, "b"), "c", auto_shutdown=ALL)

    bench.tell("a", crash(Stop(NORMAL)))
    assert supervisor.is_alive()
    bench.tell("b", crash(Stop(NORMAL)))

    assert supervisor.reason == SHUTDOWN


def test_a_child_that_is_not_significant_ends_nothing(bench: Bench) -> None:
    """supervisor(3): only significant children count for auto_shutdown."""
    other = bench.spec("b", restart=Restart.TEMPORARY)
    supervisor = bench.supervisor(significant(bench, "a"), other, auto_shutdown=ANY)

    bench.tell("b", crash(Stop(NORMAL)))

    assert supervisor.is_alive()


@pytest.mark.logs_errors("a crashed")
def test_a_transient_significant_child_that_is_restarted_ends_nothing(bench: Bench) -> None:
    """supervisor(3): a transient significant child counts when it ends normally, since else it is restarted."""
    supervisor = bench.supervisor(significant(bench, "a"), auto_shutdown=ANY)

    bench.tell("a", crash())

    assert supervisor.is_alive()
    assert bench.noted() == ["-a oops", "+a"]


@pytest.mark.logs_errors("a crashed")
def test_a_temporary_significant_child_counts_however_it_ends(bench: Bench) -> None:
    """supervisor(3): a temporary significant child counts when it ends normally or abnormally."""
    supervisor = bench.supervisor(significant(bench, "a", Restart.TEMPORARY), auto_shutdown=ANY)

    bench.tell("a", crash())

    assert supervisor.reason == SHUTDOWN


def test_a_child_ended_by_request_does_not_end_the_supervisor(bench: Bench) -> None:
    """System principles: auto_shutdown is about children that end by themselves, not by the supervisor."""
    supervisor = bench.supervisor(significant(bench, "a"), auto_shutdown=ANY)

    supervisor.call(TerminateChild("a"))

    assert supervisor.is_alive()


@pytest.mark.logs_errors("child 'a' did not start")
def test_a_significant_child_about_to_be_restarted_is_active(bench: Bench) -> None:
    """supervisor.erl: a child that is restarting counts as active for all_significant.

    It once did not, and the supervisor ended under the child that was just about to come back.
    """
    flaky = Flaky(bench, "a")
    pausing = significant(bench, "a", start=flaky, backoff=Backoff(first_seconds=1.0))
    supervisor = bench.supervisor(pausing, significant(bench, "b"), auto_shutdown=ALL)
    flaky.failing = True
    bench.find("a").kill()
    bench.advance(1.0)

    bench.tell("b", crash(Stop(NORMAL)))

    assert supervisor.is_alive()


def test_auto_shutdown_works_in_a_dynamic_supervisor(bench: Bench) -> None:
    """supervisor.erl: a simple_one_for_one supervisor ends when its significant children have."""

    def start(supervisor: Ref, name: str) -> None:
        supervisor.call(StartChild(significant(bench, name, Restart.TEMPORARY)))

    made = DynamicSupervisor()
    made.auto_shutdown = ALL
    supervisor = bench.start(made)
    start(supervisor, "a")
    start(supervisor, "b")

    a = bench.find("a")
    with stuck(bench.find("b")):
        a.tell(crash(Stop(NORMAL)))
        a.join()
    bench.settle()
    assert supervisor.is_alive()
    bench.tell("b", crash(Stop(NORMAL)))

    assert supervisor.reason == SHUTDOWN


def test_a_parent_lets_a_transient_supervisor_go_that_shut_itself_down(bench: Bench) -> None:
    """System principles: an automatic shutdown has the reason shutdown, so that a transient one is not restarted."""

    def make() -> DynamicSupervisor:
        made = DynamicSupervisor()
        made.auto_shutdown = ANY
        return made

    top = bench.supervisor(bench.spec("inner", start=make, restart=Restart.TRANSIENT))
    bench.find("inner").call(StartChild(significant(bench, "a", Restart.TEMPORARY)))

    bench.tell("a", crash(Stop(NORMAL)))

    assert bench.names.find("inner") is None
    assert top.is_alive()

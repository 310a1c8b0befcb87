"""Adding children to a supervisor that runs."""

from __future__ import annotations

import pytest
from support.processes import Bench, Flaky, Puppet, crash

from verk_actors.otp import (
    BadChildSpec,
    ChildAlreadyPresent,
    ChildAlreadyStarted,
    NameTaken,
    Restart,
    StartChild,
    StartError,
    TerminateChild,
    WhichChildren,
)


def test_start_child_adds_a_child_and_starts_it(bench: Bench) -> None:
    """supervisor(3): start_child adds a child specification and starts the child."""
    supervisor = bench.supervisor("a")

    ref = supervisor.call(StartChild(bench.spec("b")))

    assert bench.find("b") is ref
    assert bench.noted() == ["+b"]


def test_a_child_that_was_added_is_the_last_in_the_start_order(bench: Bench) -> None:
    """supervisor(3): a child that is added is started after those before it, and stopped first."""
    supervisor = bench.supervisor("a")
    supervisor.call(StartChild(bench.spec("b")))
    bench.noted()

    supervisor.stop()

    assert bench.noted() == ["-b shutdown", "-a shutdown"]


@pytest.mark.logs_errors("b crashed")
def test_a_child_that_was_added_is_restarted_like_the_others(bench: Bench) -> None:
    """supervisor(3): a child that is added is supervised as the specification says."""
    supervisor = bench.supervisor("a")
    supervisor.call(StartChild(bench.spec("b")))

    bench.tell("b", crash())

    assert bench.noted() == ["+b", "-b oops", "+b"]


def test_start_child_refuses_an_id_that_runs(bench: Bench) -> None:
    """supervisor(3): start_child answers already_started where a child of that id runs."""
    supervisor = bench.supervisor("a")

    with pytest.raises(ChildAlreadyStarted):
        supervisor.call(StartChild(bench.spec("a")))

    assert bench.noted() == []


def test_start_child_refuses_an_id_that_is_present(bench: Bench) -> None:
    """supervisor(3): start_child answers already_present where a child of that id is specified and does not run."""
    supervisor = bench.supervisor("a")
    supervisor.call(TerminateChild("a"))

    with pytest.raises(ChildAlreadyPresent):
        supervisor.call(StartChild(bench.spec("a")))


def test_a_child_that_does_not_start_is_not_added(bench: Bench) -> None:
    """supervisor(3): if start_child fails, the child specification is discarded and the error answered."""
    supervisor, flaky = bench.supervisor("a"), Flaky(bench, "b")
    flaky.failing = True

    with pytest.raises(StartError, match="Oops"):
        supervisor.call(StartChild(bench.spec("b", start=flaky)))

    assert [row.id for row in supervisor.call(WhichChildren())] == ["a"]
    assert supervisor.is_alive()


def test_a_start_that_raises_fails_the_request_and_not_the_supervisor(bench: Bench) -> None:
    """supervisor(3): start_child answers with an error where the start function fails.

    An error in the constructor of a child once crashed the supervisor, with all its children.
    """
    supervisor = bench.supervisor("a")

    def start() -> Puppet:
        raise SystemExit

    with pytest.raises(StartError, match="SystemExit"):
        supervisor.call(StartChild(bench.spec("b", start=start)))

    assert supervisor.is_alive()
    assert bench.noted() == []


def test_a_child_whose_name_is_taken_is_not_added(bench: Bench) -> None:
    """supervisor(3): start_child answers with the error of the start function."""
    supervisor = bench.supervisor("a")
    holder = bench.puppet("b")

    with pytest.raises(NameTaken):
        supervisor.call(StartChild(bench.spec("b")))

    assert bench.find("b") is holder


def test_a_bad_spec_is_refused_and_the_supervisor_lives_on(bench: Bench) -> None:
    """supervisor(3): start_child answers with an error where the specification is not valid."""
    supervisor = bench.supervisor("a")

    with pytest.raises(BadChildSpec, match="significant is True, allowed is False where"):
        supervisor.call(StartChild(bench.spec("b", restart=Restart.TRANSIENT, significant=True)))

    assert supervisor.is_alive()

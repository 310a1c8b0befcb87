"""What supervisors report of restarts, for people to read later."""

from __future__ import annotations

import attrs
import pytest
from support.processes import Bench, Flaky, Oops, crash

from verk_actors.otp import (
    KILLED,
    NORMAL,
    Backoff,
    Crashed,
    ExitReason,
    Restart,
    Shutdown,
    Strategy,
    TerminateChild,
    supervision,
)
from verk_actors.otp.restart_report import RestartReport, in_words


def reports(bench: Bench) -> tuple[RestartReport, ...]:
    """Return what was reported so far."""
    return bench.reports()


@pytest.mark.logs_errors("b crashed")
def test_a_restart_is_reported_with_its_reason_the_strategy_and_who_was_restarted(bench: Bench) -> None:
    """Ours: a supervisor's report is kept, with the child, the reason, the strategy and who was restarted."""
    bench.supervisor("a", "b", "c", strategy=Strategy.REST_FOR_ONE)
    bench.find("b").tell(crash(Oops("no such luck")))
    bench.settle()

    assert reports(bench) == (
        RestartReport(
            at=bench.clock.time(),
            supervisor="supervisor",
            child="b",
            kind="Puppet",
            reason="Oops: no such luck",
            strategy="rest_for_one",
            restarted=("b", "c"),
        ),
    )


def test_a_restart_that_waits_is_reported_with_its_pause(bench: Bench) -> None:
    """Ours: the report of a child with a backoff says how long its restart waits."""
    bench.supervisor(bench.spec("a", backoff=Backoff(first_seconds=2.0)))
    bench.find("a").kill()
    bench.settle()

    [report] = reports(bench)
    assert (report.reason, report.restarted, report.pause_seconds) == ("killed", ("a",), 2.0)


@pytest.mark.logs_errors("giving up")
def test_a_supervisor_that_gives_up_reports_it(bench: Bench) -> None:
    """Ours: the report of one restart too many says that the supervisor gave up."""
    bench.supervisor("a", max_restarts=1)
    for _ in range(2):
        bench.find("a").kill()
        bench.settle()

    assert [(report.gave_up, report.restarted) for report in reports(bench)] == [(False, ("a",)), (True, ())]


@pytest.mark.logs_errors("did not start")
def test_a_restart_that_fails_is_reported_too(bench: Bench) -> None:
    """Ours: a child that does not start again is in a report of its own."""
    flaky = Flaky(bench, "a")
    bench.supervisor(bench.spec("a", start=flaky, backoff=Backoff()))
    flaky.failing = True
    bench.find("a").kill()
    bench.advance(1.0)

    first, second = reports(bench)
    assert first.reason == "killed"
    assert second.reason.startswith("did not start: ")
    assert second.pause_seconds == 2.0


def test_an_end_after_which_nothing_is_restarted_is_not_reported(bench: Bench) -> None:
    """Ours: what a supervisor lets go, or ends itself, is no restart."""
    root = bench.supervisor(bench.spec("a", restart=Restart.TEMPORARY), "b")
    bench.find("a").kill()
    bench.settle()
    root.call(TerminateChild("b"))

    assert reports(bench) == ()


def test_no_more_than_the_latest_reports_are_kept(bench: Bench) -> None:
    """Ours: a runtime keeps the latest two hundred reports."""
    report = RestartReport(at=0.0, supervisor="s", child="c", kind="K", reason="r", strategy="one_for_one")
    for number in range(250):
        bench.report(attrs.evolve(report, at=float(number)))

    assert [report.at for report in reports(bench)] == [float(number) for number in range(50, 250)]


def test_the_tree_is_shown_together_with_the_reports(bench: Bench) -> None:
    """Ours: a tree and the restarts in it can be had together."""
    root = bench.supervisor("a")
    bench.find("a").kill()
    bench.settle()

    seen = supervision(root)
    assert [process.name for process in seen.tree.walk()] == ["supervisor", "a"]
    assert [process.strategy for process in seen.tree.walk()] == ["one_for_one", ""]
    assert seen.restarts == reports(bench)


class Mute(Exception):
    """An error that can't be shown."""

    def __str__(self) -> str:
        raise Oops


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (KILLED, "killed"),
        (NORMAL, "normal"),
        (Shutdown(), "shutdown"),
        (Shutdown("too many"), "shutdown: too many"),
        (Crashed(ValueError("x")), "ValueError: x"),
        (Crashed(Oops()), "Oops"),
        (Crashed(Mute()), "Mute"),
        (Crashed(ValueError("x" * 1000)), "ValueError: " + "x" * 488 + "…"),
    ],
)
def test_a_reason_is_said_in_words(reason: ExitReason, words: str) -> None:
    """Ours: a report's reason is text, of a bounded length, whatever was raised."""
    assert in_words(reason) == words

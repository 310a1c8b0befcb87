"""The protocol in every order of its steps and of what may go wrong: nothing is lost, doubled or stuck.

A violation is told as the steps that lead to it.
"""

from __future__ import annotations

import attrs
import pytest

from model.explore import explore
from model.invariants import COPIES, INTRUSION, LOST, STUCK, TOO_MANY, TWICE
from model.protocol import OURS, VERK

SCENARIOS = {
    "nothing": {},
    "a death": {"crash": 1},
    "two deaths": {"crash": 2},
    "a sleep": {"pause": 1},
    "a death and a sleep": {"crash": 1, "pause": 1},
    "a failure": {"failure": 1},
    "a failure and a death": {"failure": 1, "crash": 1},
    "a failure and a sleep": {"failure": 1, "pause": 1},
    "two losses": {"loss": 2},
    "a loss and a death": {"loss": 1, "crash": 1},
    "a loss and a sleep": {"loss": 1, "pause": 1},
    "a manager's crash": {"manager": 2, "loss": 1},
    "two losses, a failure and a manager's crash": {"loss": 2, "failure": 1, "manager": 1},
    "a restart of Redis": {"redis": 1},
    "a restart of Redis and a loss": {"redis": 1, "loss": 1},
    "a late settlement": {"late_settlement": 1},
}
LARGE = {
    "a death, a sleep and a loss": ("ab", {"crash": 1, "pause": 1, "loss": 1}),
    "a death, a sleep and a failure": ("ab", {"crash": 1, "pause": 1, "failure": 1}),
    "two deaths and a sleep": ("ab", {"crash": 2, "pause": 1}),
    "two losses, a failure, a manager's crash and a death": (
        "ab",
        {"loss": 2, "failure": 1, "manager": 1, "crash": 1},
    ),
    "three jobs, a death and a sleep": ("abc", {"crash": 1, "pause": 1}),
}
LATE = {
    "a late fetch": {"late": 1},
    "a late fetch and a sleep": {"late": 1, "pause": 1},
    "a late fetch and a death": {"late": 1, "crash": 1},
    "a late settlement and a sleep": {"late_settlement": 1, "pause": 1},
}


@pytest.mark.slow  # tens of thousands of states
@pytest.mark.parametrize("name", SCENARIOS)
def test_no_job_is_lost_doubled_or_stuck_whatever_goes_wrong(name: str) -> None:
    report = explore(OURS, **SCENARIOS[name])

    assert not report.violations, str(report)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", LARGE)
def test_nor_when_more_goes_wrong_at_once(name: str, long: bool) -> None:
    if not long:
        pytest.skip("some 200,000 states each: with --long")
    jobs, counts = LARGE[name]

    report = explore(OURS, jobs, **counts)

    assert not report.violations, str(report)


@pytest.mark.slow
def test_nor_where_a_node_runs_two_jobs_at_a_time() -> None:
    report = explore(attrs.evolve(OURS, slots=2), crash=1, loss=1)

    assert not report.violations, str(report)


@pytest.mark.slow
@pytest.mark.parametrize("name", LATE)
def test_a_request_that_is_carried_out_late_gives_a_node_one_job_too_many_at_worst(name: str) -> None:
    """Nobody can take the request back. The job goes back to the queue when its list is compared, at a heartbeat."""
    report = explore(OURS, **LATE[name])

    assert report.violations.keys() <= {TOO_MANY}, str(report)


def test_a_fresh_token_after_a_sleep_keeps_out_what_was_asked_for_before_it() -> None:
    old_token = attrs.evolve(OURS, fresh_token=False)

    report = explore(old_token, until=INTRUSION, late=1, pause=1)

    assert INTRUSION in report.violations  # which the test above doesn't find with the fresh one


def test_a_hand_back_that_is_carried_out_after_its_own_repetition_may_run_a_job_twice() -> None:
    """The one way without a death or a sleep, known and left open.

    It takes a lost reply, then a hand-back that times out, and Redis carrying that out after a later request of the
    same node. A server reads what a connection had sent before it accepts the next, so it takes a relay between the
    two that holds the one up and not the other. The first run is told as fenced, and the job is not lost.
    """
    report = explore(OURS, loss=1, late_settlement=1)

    assert report.violations.keys() == {TWICE}, str(report)
    assert "only now Redis carries out: A gives back a" in report.violations[TWICE]


def in_words(value: str | dict[str, object]) -> str:
    """Return the name of a test case."""
    return value if isinstance(value, str) else "-".join(value)


LEFT_OUT = [
    ({"fenced_fetch": False}, {"crash": 1, "pause": 1}, LOST),
    ({"fenced_settlement": False}, {"failure": 1, "pause": 1}, COPIES),
    ({"one_step_failure": False}, {"failure": 1}, COPIES),
    ({"one_step_rescue": False}, {"crash": 1, "pause": 1}, LOST),
    ({"rescue_looks_again": False}, {"pause": 1}, TWICE),
    ({"rescue_looks_again": False}, {"crash": 1, "pause": 1}, LOST),
    ({"patient_rescuer": False}, {"redis": 1}, TWICE),
    ({"reconciles": False}, {"loss": 1}, STUCK),
    ({"adopts": False}, {"manager": 1}, TWICE),
    ({"repeats_settlements": False}, {"loss": 1}, TWICE),
    ({"repeats_fetches": True}, {"loss": 1}, TOO_MANY),
    ({"repeats_fetches": True, "reconciles": False}, {"loss": 1}, STUCK),
]


@pytest.mark.slow
@pytest.mark.parametrize(("change", "counts", "kind"), LEFT_OUT, ids=in_words)
def test_each_part_of_the_protocol_is_missed_where_it_is_left_out(
    change: dict[str, bool], counts: dict[str, int], kind: str
) -> None:
    report = explore(attrs.evolve(OURS, **change), until=kind, **counts)

    assert kind in report.violations, str(report)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("counts", "kind"),
    [
        ({"failure": 1}, COPIES),
        ({"loss": 1}, STUCK),
        ({"manager": 1}, TWICE),
        ({"failure": 1, "pause": 1}, COPIES),
        ({"crash": 1, "pause": 1}, LOST),
    ],
    ids=in_words,
)
def test_verks_own_protocol_does_lose_double_and_strand_jobs(counts: dict[str, int], kind: str) -> None:
    """The control: a model that finds nothing wrong with Verk would prove nothing."""
    report = explore(VERK, until=kind, **counts)

    assert kind in report.violations, str(report)


def test_a_violation_is_told_step_by_step() -> None:
    report = explore(attrs.evolve(OURS, one_step_failure=False), until=COPIES, failure=1)

    assert str(report).splitlines() == [
        "COPIES: a is in 2 places",
        "   1 A fetches a",
        "   2 A starts a",
        "   3 a FAILS on A",
        "   4 A puts into retry a",
    ]

"""Restarts in words."""

from __future__ import annotations

import attrs
import pytest

from verk_actors.drawing.restart_text import outcome, sentence
from verk_actors.otp import RestartReport

REPORT = RestartReport(
    at=1.0,
    supervisor="default.pool",
    child="default.worker_2",
    kind="Worker",
    reason="RuntimeError: no luck",
    strategy="one_for_one",
    restarted=("default.worker_2",),
)


def test_a_restart_is_told_on_one_line():
    assert sentence(attrs.evolve(REPORT, reason="RuntimeError:\nno luck"), "5 s") == (
        "5 s ago  default.pool: default.worker_2 ended (RuntimeError:\\nno luck), "
        "one for one: restarted default.worker_2"
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"restarted": tuple("abcde"), "strategy": "rest_for_one"}, "rest for one: restarted a, b, c and 2 more"),
        ({"pause_seconds": 2.0}, "one for one: restarts default.worker_2 in 2.0 s"),
        ({"gave_up": True, "restarted": ()}, "one for one: gave up, after too many restarts"),
    ],
)
def test_what_was_done_is_told_after_the_strategy(changes: dict[str, object], words: str):
    assert outcome(attrs.evolve(REPORT, **changes)) == words

"""Whether a supervisor answers."""

from __future__ import annotations

import threading

from support.processes import WAIT, Bench, Overseer, Trapper, stuck

from verk_actors.otp import INFINITY, Pulse


def test_a_supervisor_that_answers_is_never_silent(bench: Bench) -> None:
    """Ours: a supervisor that answers between two looks is never silent."""
    pulse = Pulse(bench.start(Overseer()))

    for now in range(5):
        assert pulse.silent_seconds(float(now)) == 0.0
        bench.settle()


def test_the_silence_of_one_that_is_stuck_begins_with_the_first_question(bench: Bench) -> None:
    """Ours: what counts is how long a question waits, not how long it took."""
    supervisor = bench.start(Overseer())
    pulse = Pulse(supervisor)

    with stuck(supervisor):
        assert [pulse.silent_seconds(now) for now in (10.0, 20.0, 70.0)] == [0.0, 10.0, 60.0]

    bench.settle()
    assert pulse.silent_seconds(80.0) == 0.0


def test_one_that_has_ended_is_no_error(bench: Bench) -> None:
    """Ours: the end of a supervisor is told by others."""
    supervisor = bench.start(Overseer())
    pulse = Pulse(supervisor)
    supervisor.stop()

    assert [pulse.silent_seconds(now) for now in (1.0, 2.0)] == [0.0, 0.0]


def test_one_that_waits_for_the_end_of_its_children_owes_no_answer(bench: Bench) -> None:
    """Ours: what a supervisor in its terminate waits for has its own limits."""
    entered, gate = threading.Event(), threading.Event()
    start = lambda: Trapper("slow", on_terminate=lambda: entered.set() or gate.wait(WAIT))  # noqa: E731
    slow = bench.spec("slow", start=start, shutdown=INFINITY)
    supervisor = bench.start(Overseer([slow]))
    pulse = Pulse(supervisor)
    supervisor.stop(block=False)
    assert entered.wait(WAIT)

    assert [pulse.silent_seconds(now) for now in (1.0, 100.0)] == [0.0, 0.0]
    gate.set()

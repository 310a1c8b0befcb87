"""How often a supervisor restarts before it gives up, and what comes then."""

from __future__ import annotations

import pytest
from support.processes import Bench, Overseer, crash

from verk_actors.otp import (
    NORMAL,
    Backoff,
    ChildSpec,
    ChildType,
    Restart,
    Shutdown,
    StartError,
    Stop,
    Supervisor,
    WhichChildren,
)
from verk_actors.otp.restart_window import RestartWindow


def test_as_many_restarts_as_allowed_are_made(bench: Bench) -> None:
    """supervisor(3): up to MaxR restarts within MaxT seconds are made."""
    supervisor = bench.supervisor("a", max_restarts=2, max_seconds=10.0)

    for _ in range(2):
        bench.find("a").kill()
        bench.settle()

    assert supervisor.is_alive()
    assert bench.find("a")


@pytest.mark.logs_errors("supervisor: more than 2 restarts in 10.0 s, the last of 'a': giving up")
def test_one_restart_too_many_ends_all_children_and_the_supervisor_with_shutdown(bench: Bench) -> None:
    """supervisor(3): more than MaxR restarts within MaxT seconds, and the supervisor ends its children and itself."""
    supervisor = bench.supervisor("a", "b", max_restarts=2, max_seconds=10.0)

    for _ in range(3):
        bench.find("a").kill()
        bench.settle()

    assert bench.noted() == ["+a", "+a", "-b shutdown"]
    assert supervisor.reason == Shutdown("more than 2 restarts in 10.0 s")


def test_restarts_that_are_far_apart_do_not_count_together(bench: Bench) -> None:
    """supervisor(3): only restarts within the last MaxT seconds count."""
    supervisor = bench.supervisor("a", max_restarts=1, max_seconds=10.0)

    for _ in range(20):
        bench.find("a").kill()
        bench.advance(10.001)

    assert supervisor.is_alive()


@pytest.mark.logs_errors("giving up")
def test_no_restart_is_allowed_where_the_intensity_is_zero(bench: Bench) -> None:
    """supervisor(3): the intensity may be 0."""
    supervisor = bench.supervisor("a", max_restarts=0)

    bench.find("a").kill()
    bench.settle()

    assert not supervisor.is_alive()


def test_ends_that_restart_nothing_do_not_count(bench: Bench) -> None:
    """supervisor(3): the intensity counts restarts, not ends."""
    supervisor = bench.supervisor(*(bench.spec(f"t{n}", restart=Restart.TEMPORARY) for n in range(10)), max_restarts=0)

    for n in range(10):
        bench.find(f"t{n}").kill()
    bench.settle()

    assert supervisor.is_alive()


@pytest.mark.logs_errors("a crashed", "b crashed", "supervisor: more than 1 restarts")
def test_the_restarts_of_all_children_count_together(bench: Bench) -> None:
    """supervisor(3): the intensity is the supervisor's, not the child's."""
    supervisor = bench.supervisor("a", "b", max_restarts=1)

    bench.tell("a", crash())
    bench.tell("b", crash())

    assert not supervisor.is_alive()


def inner(bench: Bench, **fields: object) -> ChildSpec:
    """Make the spec of a supervisor of one child that may not be restarted once."""

    def make() -> Supervisor:
        overseer = Overseer([bench.spec("leaf")])
        overseer.max_restarts = 0
        return overseer

    return bench.spec("inner", start=make, type=ChildType.SUPERVISOR, **fields)


@pytest.mark.logs_errors("inner: more than 0 restarts")
def test_a_supervisor_that_gives_up_is_restarted_by_its_own(bench: Bench) -> None:
    """System principles: a failure that a supervisor cannot cope with is escalated to its parent."""
    top = bench.supervisor(inner(bench))
    first = bench.find("inner")

    bench.find("leaf").kill()
    bench.settle()

    assert top.is_alive()
    assert bench.find("inner") is not first
    assert bench.noted() == ["+leaf"]


@pytest.mark.logs_errors("inner: more than 0 restarts", "supervisor: more than 3 restarts")
def test_a_failure_that_nobody_copes_with_ends_the_whole_tree(bench: Bench) -> None:
    """System principles: escalation goes up to the root, and then the system ends."""
    top = bench.supervisor("other", inner(bench))

    for _ in range(4):
        bench.find("leaf").kill()
        bench.settle()

    assert not top.is_alive()
    assert bench.names.all() == {}


@pytest.mark.logs_errors("inner: more than 0 restarts")
def test_a_transient_supervisor_that_gives_up_is_let_go(bench: Bench) -> None:
    """supervisor(3): the reason of giving up is shutdown, after which a transient child is not restarted."""
    top = bench.supervisor(inner(bench, restart=Restart.TRANSIENT))

    bench.find("leaf").kill()
    bench.settle()

    assert [row.state for row in top.call(WhichChildren())] == ["stopped"]


def test_the_default_is_three_restarts_in_five_seconds() -> None:
    """System principles: MaxR and MaxT have defaults.

    Differs: 3 in 5 s, as Elixir and Verk have it; OTP's own default is 1 in 5 s.
    """
    assert (Supervisor.max_restarts, Supervisor.max_seconds) == (3, 5.0)


@pytest.mark.parametrize(("restarts", "seconds"), [(-1, 5.0), (3, 0.0), (3, -1.0)])
def test_an_impossible_intensity_is_refused_at_the_start(bench: Bench, restarts: int, seconds: float) -> None:
    """supervisor(3): intensity is a non-negative integer and period a positive one."""
    with pytest.raises(StartError, match=f"{restarts} restarts in {seconds} s"):
        bench.supervisor("a", max_restarts=restarts, max_seconds=seconds)

    assert bench.notes == []


def test_the_window_slides() -> None:
    """supervisor.erl: restarts older than the period are dropped from the count."""
    window = RestartWindow(max_restarts=2, max_seconds=5.0)

    allowed = [window.restart_allowed(now) for now in (0.0, 4.0, 5.0, 5.1, 11.0)]

    assert allowed == [True, True, False, False, True]


def test_a_child_with_a_backoff_comes_back_after_growing_pauses(bench: Bench) -> None:
    """Ours: a child with a backoff is restarted after a pause that doubles up to a limit."""
    came_back: list[float] = []
    spec = bench.spec("a", backoff=Backoff(first_seconds=1.0, max_seconds=4.0))
    bench.supervisor(spec)

    for _ in range(5):
        ended_at = bench.clock.monotonic()
        bench.find("a").kill()
        bench.settle()
        while bench.names.find("a") is None:
            bench.advance(0.25)
        came_back.append(bench.clock.monotonic() - ended_at)

    assert came_back == [1.0, 2.0, 4.0, 4.0, 4.0]


def test_a_child_with_a_backoff_never_counts_towards_the_intensity(bench: Bench) -> None:
    """Ours: one child that fails for ever takes no sibling down."""
    spec = bench.spec("a", backoff=Backoff(first_seconds=0.001, max_seconds=0.001))
    supervisor = bench.supervisor(spec, "b", max_restarts=0, max_seconds=3600.0)
    b = bench.find("b")

    for _ in range(50):
        bench.find("a").kill()
        bench.advance(0.002)

    assert supervisor.is_alive()
    assert bench.find("b") is b


def test_a_child_that_lived_long_enough_starts_its_pauses_anew(bench: Bench) -> None:
    """Ours: the pauses shrink again when a child has lived longer than the longest of them."""
    bench.supervisor(bench.spec("a", backoff=Backoff(first_seconds=1.0, max_seconds=4.0)))
    for _ in range(3):
        bench.find("a").kill()
        bench.advance(4.0)

    bench.advance(5.0)
    bench.find("a").kill()

    bench.advance(0.999)
    assert bench.names.find("a") is None
    bench.advance(0.001)
    assert bench.find("a")


def test_a_child_that_waits_for_its_restart_is_shown_as_restarting(bench: Bench) -> None:
    """supervisor(3): which_children shows a child that is about to be restarted as restarting."""
    supervisor = bench.supervisor(bench.spec("a", backoff=Backoff(first_seconds=1.0)))

    bench.find("a").kill()
    bench.settle()

    (row,) = supervisor.call(WhichChildren())
    assert (row.id, row.ref, row.state) == ("a", None, "restarting")


def test_a_graceful_end_of_a_transient_child_with_a_backoff_is_final(bench: Bench) -> None:
    """supervisor(3): a transient child that ends with normal or shutdown is not restarted."""
    bench.supervisor(bench.spec("a", restart=Restart.TRANSIENT, backoff=Backoff(first_seconds=1.0)))

    bench.tell("a", crash(Stop(NORMAL)))
    bench.advance(100.0)

    assert bench.names.find("a") is None

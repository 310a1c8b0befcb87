"""What a supervisor does when a child ends: restart types, strategies, and starts that fail again."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from support.processes import WAIT, Bench, Do, Flaky, Oops, crash, stuck

from verk_actors.otp import (
    NORMAL,
    SHUTDOWN,
    ChildRestarting,
    Crashed,
    DeleteChild,
    Ref,
    Restart,
    RestartChild,
    Shutdown,
    Stop,
    Strategy,
    TerminateChild,
    WhichChildren,
)

REASONS: dict[str, Callable[[Ref], object]] = {
    "normal": lambda ref: ref.tell(crash(Stop(NORMAL))),
    "shutdown": lambda ref: ref.tell(crash(Stop(SHUTDOWN))),
    "shutdown with a detail": lambda ref: ref.tell(crash(Stop(Shutdown("because")))),
    "a crash": lambda ref: ref.tell(crash(Stop(Crashed(Oops())))),
    "killed": lambda ref: ref.kill(),
}
RESTARTED = {
    Restart.PERMANENT: set(REASONS),
    Restart.TRANSIENT: {"a crash", "killed"},
    Restart.TEMPORARY: set(),
}


def states(supervisor: Ref) -> dict[object, str]:
    return {row.id: row.state for row in supervisor.call(WhichChildren())}


@pytest.mark.parametrize("reason", REASONS)
@pytest.mark.parametrize("restart", Restart)
def test_a_child_is_restarted_as_its_type_says(bench: Bench, restart: Restart, reason: str) -> None:
    """supervisor(3): permanent always restarts, transient unless it ends normal or with shutdown, temporary never."""
    bench.supervisor(bench.spec("a", restart=restart))
    before = bench.find("a")

    REASONS[reason](before)
    bench.settle()

    after = bench.names.find("a")
    assert (after is not None and after is not before) == (reason in RESTARTED[restart])


def test_the_spec_of_a_child_that_is_not_restarted_is_kept(bench: Bench) -> None:
    """supervisor(3): the specification of a transient child that ended is kept."""
    supervisor = bench.supervisor(bench.spec("a", restart=Restart.TRANSIENT))

    bench.tell("a", crash(Stop(NORMAL)))

    assert states(supervisor) == {"a": "stopped"}


def test_the_spec_of_a_temporary_child_is_deleted_when_it_ends(bench: Bench) -> None:
    """supervisor(3): the specification of a temporary child is deleted when it ends."""
    supervisor = bench.supervisor(bench.spec("a", restart=Restart.TEMPORARY))

    bench.tell("a", crash(Stop(NORMAL)))

    assert states(supervisor) == {}


@pytest.mark.logs_errors("b crashed")
def test_one_for_one_restarts_only_the_child_that_ended(bench: Bench) -> None:
    """supervisor(3): one_for_one restarts only the child that ended; it is the default."""
    bench.supervisor(*"abc")

    bench.tell("b", crash())

    assert bench.noted() == ["-b oops", "+b"]


@pytest.mark.logs_errors("b crashed")
def test_one_for_all_ends_and_restarts_all(bench: Bench) -> None:
    """supervisor(3): one_for_all ends all other children, then starts all."""
    bench.supervisor(*"abc", strategy=Strategy.ONE_FOR_ALL)

    bench.tell("b", crash())

    assert bench.noted() == ["-b oops", "-c shutdown", "-a shutdown", "+a", "+b", "+c"]


@pytest.mark.logs_errors("b crashed")
def test_rest_for_one_ends_and_restarts_the_children_after_it(bench: Bench) -> None:
    """supervisor(3): rest_for_one ends the children started after it, then starts it and them."""
    bench.supervisor(*"abcd", strategy=Strategy.REST_FOR_ONE)

    bench.tell("b", crash())

    assert bench.noted() == ["-b oops", "-d shutdown", "-c shutdown", "+b", "+c", "+d"]


@pytest.mark.logs_errors("a crashed")
@pytest.mark.parametrize("strategy", [Strategy.ONE_FOR_ALL, Strategy.REST_FOR_ONE])
def test_a_temporary_sibling_is_ended_but_not_restarted(bench: Bench, strategy: Strategy) -> None:
    """supervisor(3): a temporary child is never restarted, even when a sibling's death ended it."""
    temporary = bench.spec("t", restart=Restart.TEMPORARY)
    supervisor = bench.supervisor("a", temporary, "b", strategy=strategy)

    bench.tell("a", crash())

    assert bench.noted() == ["-a oops", "-b shutdown", "-t shutdown", "+a", "+b"]
    assert states(supervisor) == {"a": "running", "b": "running"}


@pytest.mark.logs_errors("a crashed")
def test_a_group_restart_also_starts_children_that_were_terminated(bench: Bench) -> None:
    """supervisor(3): under one_for_all all children are started, whatever they were before."""
    supervisor = bench.supervisor(*"ab", strategy=Strategy.ONE_FOR_ALL)
    supervisor.call(TerminateChild("b"))
    bench.noted()

    bench.tell("a", crash())

    assert bench.noted() == ["-a oops", "+a", "+b"]


@pytest.mark.logs_errors("a crashed", "b crashed", "c crashed")
def test_children_that_end_while_their_group_restarts_are_restarted_once(bench: Bench) -> None:
    """supervisor(3): an exit of a process that is no child any more is ignored."""
    supervisor = bench.supervisor(*"abc", strategy=Strategy.ONE_FOR_ALL)
    children = [bench.find(name) for name in "abc"]

    with stuck(supervisor):
        for child in children:
            child.tell(crash())
            child.join()
    bench.settle()

    assert [row.restarts for row in supervisor.call(WhichChildren())] == [1, 1, 1]


def fail_to_restart(bench: Bench, supervisor: Ref, flaky: Flaky, *then: object) -> None:
    """Kill child a so that its restarts fail, with messages right behind its exit in the supervisor's inbox."""
    flaky.failing = True
    with stuck(supervisor):
        bench.find("a").kill()
        for message in then:
            supervisor.tell(message)


@pytest.mark.logs_errors("child 'a' did not start: Oops()", "giving up")
def test_a_restart_that_fails_is_tried_again_until_the_intensity_is_reached(bench: Bench) -> None:
    """supervisor.erl: a restart that fails is tried again, and each try counts as a restart."""
    flaky = Flaky(bench, "a")
    supervisor = bench.supervisor(bench.spec("a", start=flaky))

    fail_to_restart(bench, supervisor, flaky)

    assert bench.noted() == ["+a"] * 3
    assert not supervisor.is_alive()


@pytest.mark.logs_errors("child 'a' did not start: Oops()")
def test_a_restart_that_succeeds_at_last_is_the_end_of_trying(bench: Bench) -> None:
    """supervisor.erl: a restart that fails is tried again."""
    flaky = Flaky(bench, "a")
    supervisor = bench.supervisor(bench.spec("a", start=flaky))

    fail_to_restart(bench, supervisor, flaky, Do(lambda _: setattr(flaky, "failing", False)))

    assert bench.noted() == ["+a"] * 2
    assert states(supervisor) == {"a": "running"}


@pytest.mark.logs_errors("child 'a' did not start: Oops()", "giving up")
def test_other_messages_get_in_between_the_tries(bench: Bench) -> None:
    """supervisor.erl: control goes back to gen_server before trying again, so that requests get in between."""
    flaky = Flaky(bench, "a")
    supervisor = bench.supervisor(bench.spec("a", start=flaky))

    fail_to_restart(bench, supervisor, flaky, Do(lambda _: bench.notes.append("between")))

    assert bench.noted() == ["+a", "between", "+a", "+a"]


@pytest.mark.logs_errors("child 'a' did not start: Oops()")
def test_a_supervisor_can_be_stopped_while_a_restart_fails_for_ever(bench: Bench) -> None:
    """supervisor.erl: a shutdown of the supervisor gets in between the tries."""
    flaky = Flaky(bench, "a")
    supervisor = bench.supervisor("b", bench.spec("a", start=flaky), max_restarts=10**9)
    fail_to_restart(bench, supervisor, flaky)

    assert supervisor.stop(timeout=WAIT)

    assert bench.noted()[-1] == "-b shutdown"


@pytest.mark.logs_errors("child 'a' did not start: Oops()")
def test_a_child_can_be_terminated_while_its_restart_fails_for_ever(bench: Bench) -> None:
    """supervisor.erl: terminate_child ends the tries."""
    flaky = Flaky(bench, "a")
    supervisor = bench.supervisor(bench.spec("a", start=flaky), max_restarts=10**9)
    fail_to_restart(bench, supervisor, flaky)

    for request in (RestartChild("a"), DeleteChild("a")):
        with pytest.raises(ChildRestarting):
            supervisor.call(request, timeout=WAIT)
    supervisor.call(TerminateChild("a"), timeout=WAIT)

    bench.settle()
    assert states(supervisor) == {"a": "stopped"}


@pytest.mark.logs_errors("child 'b' did not start: Oops()")
def test_a_group_whose_restart_fails_starts_anew_from_the_child_that_failed(bench: Bench) -> None:
    """supervisor.erl: rest_for_one tries again with the child that failed to start and those after it."""
    flaky = Flaky(bench, "b")
    supervisor = bench.supervisor("a", bench.spec("b", start=flaky), "c", strategy=Strategy.REST_FOR_ONE)

    fail_to_restart(bench, supervisor, flaky, Do(lambda _: setattr(flaky, "failing", False)))

    assert bench.noted() == ["-c shutdown", "-b shutdown", "+a", "+b", "+b", "+c"]


@pytest.mark.logs_errors("child 'b' did not start: Oops()")
def test_one_for_all_starts_anew_with_all_children_when_one_fails(bench: Bench) -> None:
    """supervisor.erl: one_for_all tries again with all children when one of them fails to start."""
    flaky = Flaky(bench, "b")
    supervisor = bench.supervisor("a", bench.spec("b", start=flaky), "c", strategy=Strategy.ONE_FOR_ALL)

    fail_to_restart(bench, supervisor, flaky, Do(lambda _: setattr(flaky, "failing", False)))

    assert bench.noted() == ["-c shutdown", "-b shutdown", "+a", "+b", "-a shutdown", "+a", "+b", "+c"]


def test_a_stopped_supervisor_restarts_nothing(bench: Bench) -> None:
    """supervisor(3): a supervisor that ends leaves no child behind, dead or alive."""
    supervisor = bench.supervisor("a")
    a = bench.find("a")
    with stuck(supervisor):
        stopped = supervisor.stop(block=False)
        a.kill()

    assert stopped.get(timeout=WAIT)
    assert bench.noted() == []
    assert bench.names.all() == {}

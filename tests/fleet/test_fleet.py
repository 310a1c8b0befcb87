"""A fleet of small programs: restarts, giving up, signals and stops."""

from __future__ import annotations

import os
import signal

import pytest
from support.eventually import eventually
from support.fleets import WAIT, running_fleet

from verk_actors.fleet import node_process
from verk_actors.fleet.running import _exit_code
from verk_actors.otp import SHUTDOWN

pytestmark = pytest.mark.slow  # interpreters start


def test_each_node_is_a_process_of_its_own_that_ends_when_it_is_told():
    with running_fleet("a", "b") as fleet:
        pids = {fleet.output.expect_up(node_id) for node_id in ("a", "b")}
        fleet.signal(signal.SIGINT)

        assert fleet.ref.join(WAIT)

    assert len(pids) == 2
    assert sorted(fleet.output.lines()[2:]) == ["a | got SIGTERM", "b | got SIGTERM"]
    assert fleet.state.exit_codes == {"a": 0, "b": 0}
    assert _exit_code(fleet.state, fleet.ref.reason) == 0


def test_a_node_that_ends_unasked_is_started_again_and_the_others_go_on():
    with running_fleet("a", "b") as fleet:
        first = [fleet.output.expect_up(node_id) for node_id in ("a", "b")]

        fleet.kill("b")

        assert fleet.output.expect_up("b", 2) != first[1]
        assert fleet.output.pids("a") == [first[0]]


@pytest.mark.logs_errors("fleet: more than 0 restarts in 3600.0 s, the last of 'b': giving up", "gave up: more than 0")
def test_beyond_its_restart_intensity_a_fleet_stops_the_others_and_gives_up():
    with running_fleet("a", "b", max_restarts=0) as fleet:
        fleet.output.expect_up("a")
        fleet.output.expect_up("b")

        fleet.kill("b")

        assert fleet.ref.join(WAIT)
        assert fleet.output.lines()[-1] == "a | got SIGTERM"
        assert _exit_code(fleet.state, fleet.ref.reason) == 1


@pytest.mark.logs_errors("gave up: a exited with 2, which it would do again")
def test_a_node_that_can_not_do_what_it_is_asked_for_is_not_started_again():
    with running_fleet("a", first="say(0); sys.exit(2)") as fleet:
        assert fleet.ref.join(WAIT)

        assert fleet.output.lines() == ["a | 0"]
        assert _exit_code(fleet.state, fleet.ref.reason) == 2


def test_a_signal_reaches_also_a_node_that_is_started_later():
    with running_fleet("a") as fleet:
        fleet.output.expect_up("a")
        fleet.signal(signal.SIGTSTP)
        fleet.output.expect("a | got SIGTSTP")

        fleet.kill("a")

        fleet.output.expect_up("a", 2)
        fleet.output.expect("a | got SIGTSTP", 2)


@pytest.mark.logs_errors("node a did not stop in time, and is killed", "node a killed by SIGKILL in its stop")
@pytest.mark.parametrize("way", ["signal", "stop"])
def test_a_node_that_does_not_end_in_its_time_is_killed(way: str):
    with running_fleet("a", first="ends_at = 2", stop_seconds=0.1) as fleet:
        fleet.output.expect_up("a")

        fleet.signal(signal.SIGTERM) if way == "signal" else fleet.ref.stop(block=False)

        assert fleet.ref.join(WAIT)
        assert fleet.state.exit_codes == {"a": -signal.SIGKILL}


def test_a_second_stop_is_passed_on_while_the_fleet_gives_up(monkeypatch):
    monkeypatch.setattr(node_process, "_HURRY_SECONDS", WAIT)  # else a node that is late is killed before it says so
    with running_fleet("a", first="ends_at = 2") as fleet:
        fleet.output.expect_up("a")
        fleet.ref.stop(block=False)
        fleet.output.expect("a | got SIGTERM")

        fleet.signal(signal.SIGTERM)

        assert fleet.ref.join(WAIT)
        assert fleet.output.lines()[1:] == ["a | got SIGTERM"] * 2


def test_the_end_of_a_node_is_seen_though_what_it_started_holds_its_output(monkeypatch):
    monkeypatch.setattr(node_process, "_LOOK_SECONDS", 0.05)
    with running_fleet("a", first="if not os.fork(): os.read(0, 1); os._exit(0)") as fleet:
        fleet.output.expect_up("a")

        fleet.kill("a")

        fleet.output.expect_up("a", 2)


def test_a_node_dies_with_its_actor():
    with running_fleet("a") as fleet:
        pid = fleet.output.expect_up("a")
        keeper = fleet.ref.children[0].ref
        assert keeper is not None

        keeper.kill()

        eventually(lambda: not is_alive(pid), "the end of the node")
        fleet.output.expect_up("a", 2)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize(
    ("signals", "exit_codes", "code"),
    [
        ([signal.SIGTERM], {"a": 0, "b": -signal.SIGTERM}, 0),
        ([signal.SIGTERM], {"a": 0, "b": 1}, 1),
        ([signal.SIGTERM], {"a": -signal.SIGKILL}, 1),
        ([signal.SIGTSTP, signal.SIGTERM, signal.SIGINT], {"a": 143}, 130),
    ],
)
def test_the_exit_code_tells_how_it_went(signals, exit_codes, code):
    with running_fleet() as fleet:
        fleet.state.signals, fleet.state.exit_codes = list(signals), exit_codes

        assert _exit_code(fleet.state, SHUTDOWN) == code

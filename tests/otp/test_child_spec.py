"""Child specifications: their defaults, and what is wrong with bad ones."""

from __future__ import annotations

import pytest
from support.processes import Bench, Puppet

from verk_actors.otp import (
    BRUTAL_KILL,
    INFINITY,
    Backoff,
    BadChildSpec,
    ChildSpec,
    ChildType,
    Restart,
    StartError,
)


def test_only_id_and_start_are_mandatory() -> None:
    """supervisor(3): restart defaults to permanent, type to worker, significant to false."""
    spec = ChildSpec(id="a", start=Puppet)

    assert (spec.restart, spec.type, spec.significant) == (Restart.PERMANENT, ChildType.WORKER, False)
    assert (spec.name, spec.backoff) == (None, None)


def test_the_default_shutdown_is_five_seconds_for_a_worker_and_infinity_for_a_supervisor() -> None:
    """supervisor(3): shutdown defaults to 5000 for a worker and to infinity for a supervisor."""
    worker = ChildSpec(id="a", start=Puppet)
    supervisor = ChildSpec(id="a", start=Puppet, type=ChildType.SUPERVISOR)

    assert (worker.shutdown, supervisor.shutdown) == (5.0, INFINITY)


@pytest.mark.parametrize("shutdown", [0, 0.5, 30, INFINITY, BRUTAL_KILL], ids=repr)
def test_shutdown_is_seconds_infinity_or_brutal_kill(shutdown: float) -> None:
    """supervisor(3): shutdown is a timeout, infinity, or brutal_kill."""
    assert ChildSpec(id="a", start=Puppet, shutdown=shutdown).shutdown == shutdown


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"start": None}, "start"),
        ({"restart": "permanent"}, "restart"),
        ({"type": "worker"}, "type"),
        ({"shutdown": -1}, "shutdown"),
        ({"shutdown": "brutal_kill"}, "shutdown"),
        ({"shutdown": float("nan")}, "shutdown"),
        ({"shutdown": None}, "shutdown"),
        ({"significant": True}, "significant"),
    ],
    ids=repr,
)
def test_a_bad_spec_says_which_field_is_wrong_and_what_is_allowed(fields: dict[str, object], field: str) -> None:
    """supervisor(3): child specifications are checked, a permanent significant child among what is invalid."""
    with pytest.raises(BadChildSpec, match=f"child spec: {field} is .*, allowed is ") as error:
        ChildSpec(**({"id": "a", "start": Puppet} | fields))

    assert error.value.field == field


def test_two_children_of_one_id_are_refused_before_anything_starts(bench: Bench) -> None:
    """supervisor(3): ids are unique; invalid specifications are refused before any child starts."""
    with pytest.raises(StartError, match="unique within the supervisor"):
        bench.supervisor("a", "b", bench.spec("a", name="other"))

    assert bench.notes == []


def test_a_significant_child_is_refused_where_auto_shutdown_is_never(bench: Bench) -> None:
    """supervisor(3): with auto_shutdown never, significant children are invalid and refused."""
    with pytest.raises(StartError, match="significant"):
        bench.supervisor("a", bench.spec("b", restart=Restart.TEMPORARY, significant=True))

    assert bench.notes == []


def test_the_pauses_of_a_backoff_double_up_to_their_limit() -> None:
    """Ours: a backoff's pauses double from the first to the longest, however many failures there were."""
    backoff = Backoff(first_seconds=0.5, max_seconds=3.0)

    assert [backoff.pause_seconds(n) for n in (1, 2, 3, 4, 5, 10**6)] == [0.5, 1.0, 2.0, 3.0, 3.0, 3.0]

"""What is kept of an exception."""

from __future__ import annotations

from pathlib import Path

import pytest

import verk_actors
from verk_actors.cli.demo.jobs import ChargeCard
from verk_actors.tree.frames import own_frames
from verk_actors.tree.manager.queue.failure import failure_of


class Unprintable(Exception):
    """Its message can't be had."""

    def __str__(self) -> str:
        raise SystemExit("even this")


def raised(error: BaseException, depth: int = 0) -> BaseException:
    """Return an error that was raised `depth` calls below this one."""
    try:
        raise_below(error, depth)
    except BaseException as caught:
        return caught
    raise AssertionError("nothing was raised")


def raise_below(error: BaseException, depth: int) -> None:
    if depth:
        raise_below(error, depth - 1)
    else:
        raise error


def test_the_class_the_message_and_the_innermost_frame_first_are_kept() -> None:
    failure = failure_of(raised(ValueError("no"), 1), 25)
    assert (failure.class_name, failure.message) == ("ValueError", "no")
    assert [line.rpartition(":in ")[2] for line in failure.backtrace] == ["raise_below", "raise_below", "raised"]
    assert failure.backtrace[0].startswith(__file__)


def test_only_so_many_frames_are_kept_and_those_are_the_innermost() -> None:
    failure = failure_of(raised(ValueError(), 50), 3)
    assert [line.rpartition(":in ")[2] for line in failure.backtrace] == ["raise_below"] * 3
    assert failure_of(raised(ValueError()), 0).backtrace == ()


def test_a_message_that_cannot_be_had_is_replaced() -> None:
    assert failure_of(raised(Unprintable()), 5).message == "unprintable Unprintable"


def test_a_message_is_cut_and_made_storable() -> None:
    assert len(failure_of(ValueError("x" * 1_000_000), 5).message) == 10_000
    assert failure_of(ValueError("\ud800"), 5).message == "\\ud800"


def test_an_exception_that_was_never_raised_has_no_frames() -> None:
    assert failure_of(ValueError("x"), 5).backtrace == ()


def test_a_job_of_the_demo_has_its_frames_like_any_other() -> None:
    try:
        ChargeCard().perform("ada")
    except ValueError as error:
        [line] = failure_of(error.with_traceback(error.__traceback__.tb_next), 5).backtrace
    assert line.endswith(":in ChargeCard.perform")


OURS = str(Path(verk_actors.__file__).parent)


@pytest.mark.parametrize(
    ("stack", "own"),
    [
        (["/job.py:1:in f", "/job.py:2:in g", f"{OURS}/jobs/job_class.py:1:in p", "/lib/threading.py:1:in r"], 2),
        (
            [
                "/lib/wait.py:1:in w",
                f"{OURS}/node.py:1:in e",
                "/job.py:1:in f",
                f"{OURS}/settings/config.py:1:in p",
                "/t.py:1:in r",
            ],
            3,
        ),
        (
            [
                f"{OURS}/jobs/registry.py:1:in find",
                f"{OURS}/tree/manager/queue/worker.py:1:in run",
                "/lib/threading.py:1:in r",
            ],
            3,
        ),
        (["/my/verk_actors/jobs.py:1:in f", "/else/verk_actors/jobs/job_class.py:1:in p", "<string>:1:in <module>"], 1),
        ([], 0),
    ],
    ids=["a job", "a job that uses us", "no job", "in a process that has us elsewhere", "no thread"],
)
def test_of_a_stack_the_frames_of_the_job_are_kept(stack: list[str], own: int) -> None:
    assert own_frames(stack) == tuple(stack[:own])

"""The guard on every test, tried on what it must catch."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading

import pykka
import pytest
from support.leaks import ErrorLog, Remains, leaked_since


class Idle(pykka.ThreadingActor):
    """An actor that waits for messages."""


def test_a_test_that_leaves_nothing_is_no_leak() -> None:
    before = Remains.now()

    Idle.start().stop()

    assert leaked_since(before) == []


def test_a_thread_that_is_about_to_end_is_no_leak() -> None:
    before, told = Remains.now(), threading.Event()
    thread = threading.Thread(target=told.wait)
    thread.start()
    threading.Timer(0.01, told.set).start()

    assert leaked_since(before) == []


def test_a_thread_that_goes_on_is_a_leak(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("support.leaks._JOIN_SECONDS", 0.01)
    before, told = Remains.now(), threading.Event()
    threading.Thread(target=told.wait, name="straggler").start()

    leaks = leaked_since(before)

    told.set()
    assert leaks == ["thread straggler still runs"]


def test_an_actor_that_lives_on_is_a_leak_and_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("support.leaks._JOIN_SECONDS", 0.01)
    before = Remains.now()
    actor = Idle.start()

    leaks = leaked_since(before)

    assert f"actor {actor} is still registered" in leaks


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lists the children of a process")
def test_a_child_process_that_nobody_waited_for_is_a_leak() -> None:
    before = Remains.now()

    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        leaks = leaked_since(before)

    assert leaks == [f"child process {child.pid} wasn't waited for"]


@pytest.mark.logs_errors("the roof", "is on fire")
def test_announced_errors_may_be_logged() -> None:
    logging.getLogger("verk_actors.anything").error("the %s is on fire", "roof")


def test_an_error_that_nobody_announced_is_a_complaint() -> None:
    errors = ErrorLog()
    errors.emit(logging.makeLogRecord({"msg": "the roof is on fire"}))

    assert errors.complaints(()) == ["unexpected error in the log: the roof is on fire"]


def test_an_announced_error_that_does_not_come_is_a_complaint() -> None:
    assert ErrorLog().complaints(("on fire",)) == ["no error in the log with 'on fire'"]

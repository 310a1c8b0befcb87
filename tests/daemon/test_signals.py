"""Signals as values."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from verk_actors.daemon.signals import Signals


def test_signals_are_waited_for_in_the_order_in_which_they_came():
    with Signals(signal.SIGUSR1, signal.SIGUSR2) as signals:
        os.kill(os.getpid(), signal.SIGUSR2)
        os.kill(os.getpid(), signal.SIGUSR1)

        assert [signals.wait(5), signals.wait(5)] == [signal.SIGUSR2, signal.SIGUSR1]


def test_a_wait_without_a_signal_ends_after_its_timeout():
    with Signals(signal.SIGUSR1) as signals:
        assert signals.wait(0.01) is None


def test_another_thread_can_end_a_wait():
    with Signals() as signals:
        threading.Timer(0.01, signals.wake).start()

        assert signals.wait(60) == 0


def test_a_signal_that_somebody_else_handles_is_left_to_them():
    theirs: list[int] = []
    before = signal.signal(signal.SIGUSR2, lambda number, _: theirs.append(number))
    try:
        with Signals(signal.SIGUSR1) as signals:
            os.kill(os.getpid(), signal.SIGUSR2)

            assert signals.wait(0.01) is None
    finally:
        signal.signal(signal.SIGUSR2, before)
    assert theirs == [signal.SIGUSR2]


@pytest.mark.parametrize("numbers", [(), (signal.SIGUSR1,)])
def test_the_wakeup_is_as_before_once_the_context_has_ended(numbers):
    with Signals(*numbers):
        pass

    assert signal.set_wakeup_fd(-1) == -1


def test_the_handlers_are_as_before_once_the_context_has_ended():
    before = signal.getsignal(signal.SIGUSR1)

    with Signals(signal.SIGUSR1):
        assert signal.getsignal(signal.SIGUSR1) is not before

    assert signal.getsignal(signal.SIGUSR1) is before


def test_a_signal_that_whoever_started_the_process_has_blocked_comes_now():
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    signal.raise_signal(signal.SIGUSR1)

    with Signals(signal.SIGUSR1) as signals:
        assert signals.wait(5) == signal.SIGUSR1

"""Calls, casts, and what a handler can do with them."""

from __future__ import annotations

import logging
import threading

import attrs
import pykka
import pytest
from support.processes import WAIT, Ask, Bench, Do, Oops, crash, stuck

from verk_actors.otp import (
    NORMAL,
    Call,
    CallTimeout,
    Cast,
    NotHandled,
    Refused,
    Server,
    Shutdown,
    Stop,
)
from verk_actors.otp.errors import CallsItself


@attrs.frozen
class Unknown(Call[int]):
    """A call that no server here handles."""


@attrs.frozen
class UnknownCast(Cast):
    """A cast that no server here handles."""


def raising(error: BaseException) -> Ask:
    def raise_it(_: Server) -> None:
        raise error

    return Ask(raise_it)


def test_a_call_waits_for_its_answer(bench: Bench) -> None:
    """gen_server(3): call sends a request and waits until a reply arrives."""
    assert bench.puppet().call(Ask(lambda me: me.name)) == "puppet"


def test_a_cast_returns_at_once(bench: Bench) -> None:
    """gen_server(3): cast sends a request and returns, whatever becomes of it."""
    ref, done = bench.puppet(), threading.Event()

    with stuck(ref):
        assert ref.cast(Do(lambda _: done.set()))
        assert not done.is_set()

    assert done.wait(WAIT)


def test_messages_of_one_sender_arrive_in_order(bench: Bench) -> None:
    """Processes: signals between two processes arrive in the order they were sent in."""
    ref, got = bench.puppet(), []

    for n in range(500):
        ref.cast(Do(lambda _, n=n: got.append(n)))
    bench.settle()

    assert got == list(range(500))


def test_a_call_to_a_dead_process_fails_at_once(bench: Bench) -> None:
    """gen_server(3): a call fails with noproc where the server does not exist."""
    ref = bench.puppet()
    ref.stop()

    with pytest.raises(pykka.ActorDeadError):
        ref.call(Ask(bool))


def test_a_cast_to_a_dead_process_vanishes(bench: Bench) -> None:
    """gen_server(3): cast ignores a server that does not exist."""
    ref = bench.puppet()
    ref.stop()

    assert ref.cast(Do(bool)) is False


def test_a_call_that_is_not_answered_in_time_raises_and_may_still_be_handled(bench: Bench) -> None:
    """gen_server(3): a call that times out raises; the late reply never reaches the caller."""
    ref = bench.puppet()

    with stuck(ref), pytest.raises(CallTimeout, match=r"puppet did not answer Ask within 0\.001 s"):
        ref.call(Ask(lambda me: me.notes.append("late")), timeout=0.001)

    assert bench.noted() == ["+puppet", "late"]
    assert ref.call(Ask(lambda me: "next")) == "next"


@pytest.mark.logs_errors("puppet crashed")
def test_a_process_that_calls_itself_is_told_so(bench: Bench) -> None:
    """gen_server(3): a server that calls itself fails with calling_self."""
    ref = bench.puppet()

    with pytest.raises(CallsItself):
        ref.call(Ask(lambda me: me.actor_ref.call(Ask(bool))))


@pytest.mark.logs_errors("puppet crashed")
def test_a_handler_that_raises_in_a_call_answers_with_the_error_and_crashes(bench: Bench) -> None:
    """gen_server(3): a handler that fails ends the server, and the caller's call fails with the reason."""
    ref = bench.puppet()

    with pytest.raises(Oops):
        ref.call(raising(Oops()))

    assert bench.noted() == ["+puppet", "-puppet oops"]
    assert not ref.is_alive()


@pytest.mark.logs_errors("puppet crashed")
def test_a_handler_that_raises_in_a_cast_crashes(bench: Bench) -> None:
    """gen_server(3): a handler that fails ends the server with the error as the reason."""
    bench.puppet()

    bench.tell("puppet", crash())

    assert bench.noted() == ["+puppet", "-puppet oops"]


def test_refused_answers_a_call_with_an_error_and_the_server_lives_on(bench: Bench) -> None:
    """gen_server(3): a reply may be an error; only raising ends the server."""
    ref = bench.puppet()

    with pytest.raises(Oops):
        ref.call(raising(Refused(Oops())))

    assert ref.call(Ask(lambda _: "alive")) == "alive"


def test_a_refused_cast_is_logged(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    """Ours: nobody waits for the answer to a cast, so that a refusal goes to the log."""
    ref = bench.puppet()

    with caplog.at_level(logging.WARNING, "verk_actors"):
        bench.tell("puppet", crash(Refused(Oops("no"))))

    assert caplog.messages == ["puppet refused Do: no"]
    assert ref.is_alive()


@pytest.mark.parametrize("reason", [NORMAL, Shutdown("enough")], ids=repr)
def test_stop_ends_the_server_with_its_reason(bench: Bench, reason: Shutdown) -> None:
    """gen_server(3): {stop, Reason, State} ends the server with that reason.

    Differs: its caller is answered with None, where OTP's call fails with the reason.
    """
    ref = bench.puppet()

    assert ref.call(raising(Stop(reason))) is None

    ref.join(WAIT)
    assert ref.reason == reason


def test_a_handler_may_answer_and_stop(bench: Bench) -> None:
    """gen_server(3): {stop, Reason, Reply, State} answers the call and ends the server."""

    def last_words(me: Server) -> None:
        me.defer().reply("bye")
        raise Stop(NORMAL)

    ref = bench.puppet()

    assert ref.call(Ask(last_words)) == "bye"
    assert ref.join(WAIT)


def test_callers_in_the_inbox_of_a_process_that_ends_are_answered(bench: Bench) -> None:
    """gen_server(3): a call fails when the server ends before it answered."""
    ref = bench.puppet()

    with stuck(ref):
        ref.exit()
        futures = [ref.ask(Ask(bool), block=False) for _ in range(3)]

    for future in futures:
        with pytest.raises(pykka.ActorDeadError):
            future.get(timeout=WAIT)


def test_the_caller_of_a_process_that_is_killed_meanwhile_is_answered(bench: Bench) -> None:
    """gen_server(3): a call fails when the server ends while it handles it.

    The thread of a killed process may come back never; its caller must not wait for that.
    """
    ref, inside, out = bench.puppet(), threading.Event(), threading.Event()
    future = ref.ask(Ask(lambda _: inside.set() or out.wait()), block=False)
    assert inside.wait(WAIT)

    ref.kill()

    with pytest.raises(pykka.ActorDeadError):
        future.get(timeout=WAIT)
    out.set()


@pytest.mark.logs_errors("puppet crashed")
def test_a_call_without_a_handler_crashes_the_server_and_fails(bench: Bench) -> None:
    """gen_server(3): a request that no clause of handle_call matches ends the server with an error."""
    ref = bench.puppet()

    with pytest.raises(NotHandled, match="puppet has no handler for Unknown"):
        ref.call(Unknown())

    assert ref.join(WAIT)


@pytest.mark.logs_errors("puppet crashed")
def test_a_cast_without_a_handler_crashes_the_server(bench: Bench) -> None:
    """gen_server(3): a request that no clause of handle_cast matches ends the server with an error."""
    bench.puppet()

    bench.tell("puppet", UnknownCast())

    assert bench.noted() == ["+puppet", "-puppet nothandled"]


def test_a_message_of_any_other_kind_goes_to_on_receive(bench: Bench) -> None:
    """gen_server(3): messages that are neither calls nor casts go to handle_info, here Pykka's on_receive."""

    class Plain(Server):
        def on_receive(self, message: object) -> object:
            return ("got", message)

    assert bench.start(Plain()).ask({"any": "thing"}) == ("got", {"any": "thing"})


def test_pykkas_own_ask_tell_and_proxy_work_too(bench: Bench) -> None:
    """Pykka: a server is an actor, and its ref an actor ref, whatever the caller knows of OTP."""
    ref = bench.puppet()

    assert isinstance(ref, pykka.ActorRef)
    assert ref.proxy().name.get(timeout=WAIT) == "puppet"
    assert ref.ask(Ask(lambda _: 1)) == 1
    assert ref.ask(Ask(lambda _: 2), block=False).get(timeout=WAIT) == 2
    ref.tell(Do(lambda me: me.stop()))
    assert ref.join(WAIT)
    with pytest.raises(pykka.ActorDeadError):
        ref.tell(Do(bool))

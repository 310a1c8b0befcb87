"""Answers that come later, or from somebody else."""

from __future__ import annotations

import threading
from collections.abc import Callable

import attrs
import pykka
import pytest
from support.processes import WAIT, Ask, Bench, Do, Oops, Puppet, crash, stuck

from verk_actors.otp import NO_REPLY, Call, Cast, NoReply, Ref, handles
from verk_actors.otp.deferred import Deferred


@attrs.frozen
class Later(Call[str]):
    """A call that is answered later."""


@attrs.frozen
class Note(Cast):
    """A cast whose answer is put off all the same."""


@attrs.frozen
class Pass(Call[str]):
    """A call that is passed on, and what is done after that."""

    to: Ref
    message: object
    then: Callable[[], object] = bool


class Clerk(Puppet):
    """A server that keeps its callers waiting."""

    def __init__(self, name: str = "clerk", notes: list[str] | None = None) -> None:
        super().__init__(name, notes)
        self.waiting: list[Deferred] = []

    @handles(Later, Note)
    def _later(self, _: Later | Note) -> NoReply:
        self.waiting.append(self.defer())
        return NO_REPLY

    @handles(Pass)
    def _pass(self, message: Pass) -> NoReply:
        result = self.forward(message.message, message.to)
        message.then()
        return result


@pytest.fixture
def clerk(bench: Bench) -> Ref:
    """Start a clerk."""
    return bench.start(Clerk(), name="clerk")


def ask_later(clerk: Ref) -> pykka.Future[str]:
    future = clerk.ask(Later(), block=False)
    clerk.call(Ask(bool))  # it has it now
    return future


def test_a_call_can_be_answered_after_its_handler_returned(bench: Bench, clerk: Ref) -> None:
    """gen_server(3): {noreply, State} from a call, and reply/2 answers it later."""
    future = ask_later(clerk)

    clerk.tell(Do(lambda me: me.waiting[0].reply("now")))

    assert future.get(timeout=WAIT) == "now"


def test_a_call_can_be_answered_by_another_thread(bench: Bench, clerk: Ref) -> None:
    """gen_server(3): reply/2 may be called by any process that has the From."""
    future = ask_later(clerk)
    waiting = clerk.call(Ask(lambda me: me.waiting[0]))

    thread = threading.Thread(target=waiting.reply, args=("elsewhere",))
    thread.start()
    thread.join()

    assert future.get(timeout=WAIT) == "elsewhere"


def test_a_deferred_call_can_be_refused(bench: Bench, clerk: Ref) -> None:
    """gen_server(3): reply/2 may send an error."""
    future = ask_later(clerk)

    clerk.tell(Do(lambda me: me.waiting[0].refuse(Oops("no"))))

    with pytest.raises(Oops, match="no"):
        future.get(timeout=WAIT)
    assert clerk.is_alive()


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_deferred_calls_fail_when_the_server_ends(bench: Bench, clerk: Ref, end: str) -> None:
    """gen_server(3): a call fails when the server ends before it answered."""
    futures = [ask_later(clerk) for _ in range(3)]

    getattr(clerk, end)()

    for future in futures:
        with pytest.raises(pykka.ActorDeadError):
            future.get(timeout=WAIT)


def test_only_the_first_answer_counts(bench: Bench, clerk: Ref) -> None:
    """gen_server(3): a caller takes one reply, and others never reach it."""
    future = ask_later(clerk)

    clerk.tell(Do(lambda me: (me.waiting[0].reply("first"), me.waiting[0].refuse(Oops()))))
    clerk.stop()

    assert future.get(timeout=WAIT) == "first"


def test_an_answer_to_a_cast_goes_nowhere(bench: Bench, clerk: Ref) -> None:
    """Ours: defer works for a message that nobody waits for."""
    clerk.tell(Note())

    clerk.tell(Do(lambda me: me.waiting[0].reply("anything")))

    assert clerk.call(Ask(lambda me: len(me.waiting))) == 1


def test_a_forwarded_call_is_answered_by_whoever_got_it(bench: Bench, clerk: Ref) -> None:
    """gen_server(3): the From of a call may be handed to another process, which replies."""
    other = bench.puppet("other")

    assert clerk.call(Pass(other, Ask(lambda me: me.name))) == "other"


def test_a_call_forwarded_to_a_dead_process_fails(bench: Bench, clerk: Ref) -> None:
    """gen_server(3): a call fails with noproc where the server does not exist."""
    other = bench.puppet("other")
    other.stop()

    with pytest.raises(pykka.ActorDeadError, match="other is dead"):
        clerk.call(Pass(other, Ask(bool)))


def test_a_call_forwarded_to_a_process_that_dies_first_fails(bench: Bench, clerk: Ref) -> None:
    """gen_server(3): a call fails when the server ends before it answered."""
    other = bench.puppet("other")

    with stuck(other):
        future = clerk.ask(Pass(other, Ask(bool)), block=False)
        clerk.call(Ask(bool))
        other.kill()

        with pytest.raises(pykka.ActorDeadError):
            future.get(timeout=WAIT)


def test_the_end_of_the_forwarder_does_not_answer_a_call_passed_on(bench: Bench, clerk: Ref) -> None:
    """Ours: who forwarded a call has nothing to do with its answer any more."""
    other = bench.puppet("other")
    forwarded, done = threading.Event(), threading.Event()
    with stuck(other):
        future = clerk.ask(
            Pass(other, Ask(lambda me: me.name), then=lambda: forwarded.set() or done.wait()), block=False
        )
        assert forwarded.wait(WAIT)
        clerk.kill()

    assert future.get(timeout=WAIT) == "other"
    done.set()


@pytest.mark.logs_errors("clerk crashed")
def test_a_crash_after_an_answer_does_not_change_it(bench: Bench, clerk: Ref) -> None:
    """gen_server(3): a reply that was sent stays sent."""
    future = ask_later(clerk)

    clerk.tell(Do(lambda me: me.waiting[0].reply("kept")))
    clerk.tell(crash())
    assert clerk.join(WAIT)

    assert future.get(timeout=WAIT) == "kept"

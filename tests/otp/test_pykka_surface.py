"""What the kernel uses of Pykka, its private parts above all.

A new Pykka that changes one of these fails here, by name, before it fails anywhere else in some odd way.
"""

from __future__ import annotations

import inspect
import queue
import threading

import pykka
import pytest
from pykka import messages

from verk_actors.otp import Server


def parameters(function: object) -> list[str]:
    return list(inspect.signature(function).parameters)  # type: ignore[arg-type]


class Stock(pykka.ThreadingActor):
    """An actor as Pykka has it."""


@pytest.fixture
def actor() -> Stock:
    """Make an actor that is not started."""
    return Stock()


def test_an_actor_has_the_attributes_that_we_replace(actor: Stock) -> None:
    """Pykka: Actor.__init__ sets actor_inbox, actor_stopped, actor_urn and _actor_ref, and starts nothing."""
    before = set(threading.enumerate())

    made = Stock()

    assert set(threading.enumerate()) <= before
    assert isinstance(made.actor_inbox, queue.Queue)
    assert isinstance(made.actor_stopped, threading.Event)
    assert isinstance(made.actor_urn, str)
    assert isinstance(made._actor_ref, pykka.ActorRef)
    assert made.actor_ref is made._actor_ref


def test_the_inbox_comes_from_a_static_method(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pykka: Actor.__init__ takes its inbox from the static method _create_actor_inbox."""
    assert isinstance(inspect.getattr_static(pykka.ThreadingActor, "_create_actor_inbox"), staticmethod)

    class Own(Stock):
        @staticmethod
        def _create_actor_inbox() -> object:
            return "own"

    assert Own().actor_inbox == "own"
    assert Own().actor_ref.actor_inbox == "own"


@pytest.mark.parametrize("name", ["_start_actor_loop", "_actor_loop"])
def test_the_loop_is_in_methods_without_arguments(name: str) -> None:
    """Pykka: _start_actor_loop starts a thread that runs _actor_loop; we override both."""
    assert parameters(getattr(pykka.ThreadingActor, name)) == ["self"]


def test_messages_are_handled_by_one_method(actor: Stock) -> None:
    """Pykka: _handle_receive serves proxies, and gives all other messages to on_receive."""
    assert parameters(pykka.ThreadingActor._handle_receive) == ["self", "message"]
    assert parameters(pykka.ThreadingActor.on_receive) == ["self", "message"]

    class Echo(Stock):
        answer = 42

        def on_receive(self, message: object) -> object:
            return ("got", message)

        def add(self, a: int, b: int) -> int:
            return a + b

    echo = Echo()
    assert echo._handle_receive("anything") == ("got", "anything")
    assert echo._handle_receive(messages.ProxyCall(("add",), (1, 2), {})) == 3
    assert echo._handle_receive(messages.ProxyGetAttr(("answer",))) == 42


def test_stop_is_a_message_without_fields() -> None:
    """Pykka: messages._ActorStop asks an actor to stop; Actor.stop tells it to its own ref."""
    assert messages._ActorStop() == ()
    told: list[object] = []

    class Told(pykka.ActorRef[Stock]):
        def tell(self, message: object) -> None:
            told.append(message)

    made = Stock()
    made._actor_ref = Told(made)
    made.stop()

    assert [type(message) for message in told] == [messages._ActorStop]


def test_a_ref_is_made_from_an_actor(actor: Stock) -> None:
    """Pykka: ActorRef takes the actor, and has its class, inbox, stopped flag and urn."""
    ref = pykka.ActorRef(actor)

    assert ref.actor_class is Stock
    assert ref.actor_inbox is actor.actor_inbox
    assert ref.actor_stopped is actor.actor_stopped
    assert ref.actor_urn == actor.actor_urn
    assert ref.is_alive()
    actor.actor_stopped.set()
    assert not ref.is_alive()


def test_the_methods_that_we_override_have_pykkas_parameters() -> None:
    """Pykka: tell, ask and stop of our ref can be called as those of any other."""
    ours = Server().actor_ref

    for name in ("tell", "ask", "stop"):
        assert parameters(getattr(ours, name)) == parameters(getattr(pykka.ActorRef, name))[1:], name


def test_registering_is_a_step_of_start_that_we_leave_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pykka: only Actor.start registers an actor, and we start ours otherwise."""
    registered: list[object] = []
    monkeypatch.setattr(pykka.ActorRegistry, "register", registered.append)

    Stock.start().stop()
    assert len(registered) == 1
    Server.start().stop()
    assert len(registered) == 1


def test_a_future_is_set_to_a_value_or_an_exception() -> None:
    """Pykka: ThreadingFuture has set, set_exception with an exc_info, and get, which times out."""
    value, error, never = (pykka.ThreadingFuture[int]() for _ in range(3))

    value.set(1)
    error.set_exception((KeyError, KeyError("x"), None))

    assert value.get(timeout=0) == value.get() == 1
    with pytest.raises(KeyError):
        error.get(timeout=0)
    with pytest.raises(pykka.Timeout):
        never.get(timeout=0)


def test_threads_are_daemons_where_an_actor_says_so() -> None:
    """Pykka: use_daemon_thread is False by default; ours are True."""
    assert pykka.ThreadingActor.use_daemon_thread is False
    assert Server.use_daemon_thread is True

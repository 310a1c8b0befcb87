"""Processes for the tests of the kernel: puppets, that do what they are sent and note what happens to them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import attrs

from verk_actors.otp import (
    Call,
    Cast,
    ChildSpec,
    Crashed,
    Down,
    ExitReason,
    Ref,
    Server,
    Supervisor,
    handles,
    start_link,
)
from verk_actors.otp.testing import ManualRuntime

WAIT = 20.0  # seconds that only a test about to fail waits


@attrs.frozen
class Do(Cast):
    """Run this in the process."""

    action: Callable[[Any], object]


@attrs.frozen
class Ask(Call[Any]):
    """Run this in the process and answer what it returns."""

    action: Callable[[Any], object]


class Oops(Exception):
    """What crashes a puppet."""


def crash(error: BaseException | None = None) -> Do:
    """Make a message that crashes its receiver, or ends it by raising a `Stop`."""

    def raise_it(_: Server) -> None:
        raise error or Oops

    return Do(raise_it)


def word(reason: ExitReason) -> str:
    """Return OTP's word for an exit reason; of a crash the error's name."""
    return type(reason.error if isinstance(reason, Crashed) else reason).__name__.lower()


class Puppet(Server):
    """Notes its starts and ends as `+name` and `-name reason` in a list that it shares with the test."""

    def __init__(
        self,
        name: str = "puppet",
        notes: list[str] | None = None,
        *,
        on_init: Callable[[], object] = bool,
        on_terminate: Callable[[], object] = bool,
    ) -> None:
        super().__init__()
        self.name = name
        self.notes: list[str] = [] if notes is None else notes
        self._on_init, self._on_terminate = on_init, on_terminate

    def init(self) -> None:
        self.notes.append(f"+{self.name}")
        self._on_init()

    def terminate(self, reason: ExitReason) -> None:
        self.notes.append(f"-{self.name} {word(reason)}")
        self._on_terminate()

    def handle_exit(self, sender: Ref | None, reason: ExitReason) -> None:
        self.notes.append(f"{self.name} hears of {sender}: {word(reason)}")

    def handle_down(self, down: Down) -> None:
        self.notes.append(f"{self.name} sees {down.ref} down: {word(down.reason)}")

    @handles(Do)
    def _do(self, message: Do) -> None:
        message.action(self)

    @handles(Ask)
    def _ask(self, message: Ask) -> object:
        return message.action(self)


class Trapper(Puppet):
    """A puppet that traps exits."""

    trap_exit = True


class Overseer(Supervisor):
    """A supervisor that does what it is sent, as puppets do."""

    @handles(Do)
    def _do(self, message: Do) -> None:
        message.action(self)


class Flaky:
    """Makes puppets; those made while `failing` is set fail in their init."""

    def __init__(self, bench: Bench, name: str) -> None:
        self._bench, self._name = bench, name
        self.failing = False

    def __call__(self) -> Puppet:
        return Puppet(self._name, self._bench.notes, on_init=self._init)

    def _init(self) -> None:
        if self.failing:
            raise Oops


class Bench(ManualRuntime):
    """A manual runtime that starts puppets, and ends what was started in it."""

    def __init__(self) -> None:
        super().__init__("bench")
        self.notes: list[str] = []
        self._started: list[Ref] = []

    def start(self, server: Server, *, name: str | None = None, parent: Ref | None = None) -> Ref:
        """Start a server, to be stopped with the bench."""
        ref = start_link(server, runtime=self, name=name, parent=parent)
        self._started.append(ref)
        return ref

    def puppet(self, name: str = "puppet", *, parent: Ref | None = None, trap_exit: bool = False) -> Ref:
        """Start a puppet that notes in `notes`, registered under its name."""
        made = (Trapper if trap_exit else Puppet)(name, self.notes)
        return self.start(made, name=name, parent=parent)

    def spec(self, id: str, /, **fields: Any) -> ChildSpec:
        """Return the spec of a child that is such a puppet, with the id for its name."""
        fields = {"id": id, "name": id, "start": lambda: Puppet(id, self.notes)} | fields
        return ChildSpec(**fields)

    def supervisor(self, *children: ChildSpec | str, **attributes: Any) -> Ref:
        """Start a supervisor, named so, of such children; the notes of their starts are dropped."""
        specs = [self.spec(child) if isinstance(child, str) else child for child in children]
        overseer = Overseer(specs)
        for name, value in attributes.items():
            setattr(overseer, name, value)
        ref = self.start(overseer, name="supervisor")
        self.notes.clear()
        return ref

    def find(self, name: str) -> Ref:
        """Return the live process of that name."""
        ref = self.names.find(name)
        assert ref is not None, f"{name} is not alive"
        return ref

    def tell(self, name: str, message: object) -> None:
        """Send a message to the process of that name, and settle."""
        self.find(name).tell(message)
        self.settle()

    def noted(self) -> list[str]:
        """Settle, and return the notes since the last time."""
        self.settle()
        notes, self.notes[:] = self.notes[:], []
        return notes

    def end(self) -> None:
        """Stop what runs, the last started first."""
        for ref in reversed(self._started):
            ref.stop(timeout=WAIT)


@contextmanager
def stuck(ref: Ref) -> Iterator[threading.Event]:
    """Have a puppet stuck in user code until the event is set, at the latest at the end of the block."""
    inside, out = threading.Event(), threading.Event()

    def wait(_: Server) -> None:
        inside.set()
        out.wait()

    ref.tell(Do(wait))
    assert inside.wait(WAIT)
    try:
        yield out
    finally:
        out.set()

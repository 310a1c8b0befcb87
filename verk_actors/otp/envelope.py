"""What an inbox holds, and how the caller inside it is answered."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from typing import Any

import pykka
from pykka.messages import _ActorStop

from verk_actors.otp.message import Refused, Wake


class Answer(pykka.ThreadingFuture[Any]):
    """Where the answer to a call goes; the first one counts, whoever gives it.

    Two may come, one from the server and one from whoever killed it. A Pykka future that is set twice raises
    or, up to Pykka 4.2, waits for ever.
    """

    def __init__(self) -> None:
        super().__init__()
        self._open = threading.Lock()

    def claim(self) -> bool:
        """Whether this is the first answer; true once."""
        return self._open.acquire(blocking=False)


Envelope = tuple[object, Answer | None]
"""A message, and where its answer goes."""
LAST: Envelope = (Wake(), None)
"""Wakes the thread of a killed process, for the last time; also stands for no message at all."""


def answer(future: Answer, value: object) -> None:
    """Answer a call, unless it was answered before."""
    if future.claim():
        future.set(value)


def answer_error(future: Answer, error: BaseException) -> None:
    """Answer a call with an exception; a `Refused` is answered as the error inside."""
    if future.claim():
        shown = error.error if isinstance(error, Refused) else error
        future.set_exception((type(shown), shown, shown.__traceback__))


def answer_dead(envelope: Envelope, error: pykka.ActorDeadError) -> None:
    """Answer a message that its receiver did not live to answer; who asked it to stop has what they want."""
    message, future = envelope
    if future is None:
        return
    if isinstance(message, _ActorStop):
        answer(future, True)
    else:
        answer_error(future, error)


def drained(inbox: Any) -> Iterator[Envelope]:
    """Take everything out of a dead process's inbox but `LAST`, for which its thread may still wait."""
    last = False
    try:
        while True:
            envelope: Envelope = inbox.get_nowait()
            if envelope is LAST:
                last = True
            else:
                yield envelope
    except queue.Empty:
        if last:
            inbox.put(LAST)

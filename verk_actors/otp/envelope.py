"""What an inbox holds, and how the caller inside it is answered."""

from __future__ import annotations

import logging
import queue
from typing import Any

import pykka

from verk_actors.otp.message import Refused, Wake

log = logging.getLogger(__name__)

Envelope = tuple[object, "pykka.Future[Any] | None"]
"""A message, and where its answer goes."""
LAST: Envelope = (Wake(), None)
"""Wakes the thread of a killed process, for the last time."""


def answer(future: pykka.Future[Any], value: object) -> None:
    """Set a future that may have been set already, by a server that died between."""
    try:
        future.set(value)
    except queue.Full:
        log.debug("an answer came after the caller had been told of the death")


def answer_error(future: pykka.Future[Any], error: BaseException) -> None:
    """Set a future to an exception; a `Refused` is answered as the error inside."""
    shown = error.error if isinstance(error, Refused) else error
    try:
        future.set_exception((type(shown), shown, shown.__traceback__))
    except queue.Full:
        log.debug("an answer came after the caller had been told of the death")

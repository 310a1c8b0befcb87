"""Answering a call later than the handler that got it."""

from __future__ import annotations

import attrs

from verk_actors.otp.envelope import Answer, answer, answer_error
from verk_actors.otp.ref import Ref


@attrs.frozen(eq=False)
class Deferred:
    """A call to be answered later; answered with an error if the server dies before."""

    _ref: Ref
    _future: Answer | None

    def reply(self, value: object = None) -> None:
        """Answer the caller; nothing happens where the message was not a call."""
        if self._future is not None:
            self._ref.deferred.discard(self._future)
            answer(self._future, value)

    def refuse(self, error: Exception) -> None:
        """Answer the caller with an error."""
        if self._future is not None:
            self._ref.deferred.discard(self._future)
            answer_error(self._future, error)

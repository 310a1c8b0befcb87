"""Whether a supervisor still answers, found out without waiting for it."""

from __future__ import annotations

import pykka

from verk_actors.otp.envelope import Answer
from verk_actors.otp.ref import Ref
from verk_actors.otp.supervisor_messages import CountChildren


class Pulse:
    """Asks a supervisor for next to nothing, one question at a time, and only when somebody looks.

    Args:
        supervisor: who is asked.
    """

    def __init__(self, supervisor: Ref) -> None:
        self._supervisor = supervisor
        self._asked: tuple[float, Answer] | None = None

    def silent_seconds(self, now: float) -> float:
        """Return for how long it has owed an answer, which the first look after the last one asks for; 0 for none.

        One that ends owes none: what it waits for then has its own limits.

        Args:
            now: monotonic seconds.
        """
        if self._supervisor.ending:
            return 0.0
        if self._asked is not None:
            asked_at, answer = self._asked
            try:
                answer.get(timeout=0)
            except pykka.Timeout:
                return now - asked_at
            except pykka.ActorDeadError:
                pass  # whoever looks is about to hear of it
        self._asked = (now, self._supervisor.ask(CountChildren(), block=False))
        return 0.0

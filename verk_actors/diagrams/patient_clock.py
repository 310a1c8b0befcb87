"""The trick by which a recording is the same every time."""

from __future__ import annotations

from verk_actors.otp import Trace, current
from verk_actors.otp.testing import ManualClock

_PATIENCE_SECONDS = 30.0  # the machine may be busy


class PatientClock(ManualClock):
    """A clock that stands still, and shows an actor the time once all other actors are at rest.

    Each step of a job that another actor could overtake begins with a look at the clock: a fetch, the start and
    the end of a run. So none is overtaken.

    Attributes:
        patient: whether actors wait; not while a system stops, since supervisors that wait for their children
            are never at rest.
    """

    def __init__(self, trace: Trace) -> None:
        super().__init__()
        self._trace = trace
        self.patient = True

    def time(self) -> float:
        """Unix seconds, in due course."""
        asker = current()
        if self.patient and asker is not None:
            self._trace.handled(asker)  # whoever waits here is at rest too
            at_rest = self._trace.wait_quiet(_PATIENCE_SECONDS)
            self._trace.busy(asker)
            if not at_rest:
                raise TimeoutError("the other actors do not come to rest")
        return super().time()

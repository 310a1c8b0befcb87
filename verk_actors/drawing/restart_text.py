"""Says in a sentence what a supervisor did about a child that ended; pure."""

from __future__ import annotations

from verk_actors.loggable import loggable
from verk_actors.otp import RestartReport

_MOST_NAMED = 3


def outcome(report: RestartReport) -> str:
    """Return what was done, such as `one for one: restarted default.manager`."""
    strategy = loggable(report.strategy.replace("_", " "))
    if report.gave_up:
        return f"{strategy}: gave up, after too many restarts"
    later = f" in {report.pause_seconds:.1f} s" if report.pause_seconds else ""
    others = len(report.restarted) - _MOST_NAMED
    names = ", ".join(map(loggable, report.restarted[:_MOST_NAMED])) + (f" and {others} more" if others > 0 else "")
    return f"{strategy}: {'restarts' if later else 'restarted'} {names}{later}"


def sentence(report: RestartReport, age: str) -> str:
    """Return all of it on one line.

    Args:
        report: of a restart.
        age: how long ago that was.
    """
    child, reason = loggable(report.child), loggable(report.reason)
    return f"{age} ago  {loggable(report.supervisor)}: {child} ended ({reason}), {outcome(report)}"

"""What supervisors report of the restarts that they make, for people to read; pure.

Source: the supervisor reports of SASL, supervisor.erl, report_error.
"""

from __future__ import annotations

import attrs

from verk_actors.otp.exit_reason import Crashed, ExitReason, Killed, Shutdown

_LONGEST = 500  # characters of a reason: errors may quote whatever they were about


@attrs.frozen(kw_only=True)
class RestartReport:
    """One child that ended, or did not start, and what its supervisor did about it.

    Attributes:
        at: unix seconds.
        supervisor: its name.
        child: its name.
        kind: its class.
        reason: why it ended, or did not start.
        strategy: the supervisor's.
        restarted: who was restarted, in start order; nobody where the supervisor gave up.
        pause_seconds: how long that waits.
        gave_up: the restart intensity was exceeded: the supervisor ended too, for its own to decide.
    """

    at: float
    supervisor: str
    child: str
    kind: str
    reason: str
    strategy: str
    restarted: tuple[str, ...] = ()
    pause_seconds: float = 0.0
    gave_up: bool = False


def in_words(reason: ExitReason | BaseException) -> str:
    """Return a reason, or an error, as people read it: `ValueError: no such thing`, `killed`, `shutdown`."""
    match reason:
        case Crashed():
            return in_words(reason.error)
        case BaseException():
            return _cut(f"{type(reason).__name__}: {_text(reason)}".removesuffix(": "))
        case Killed():
            return "killed"
        case Shutdown():
            return _cut(f"shutdown: {reason.detail}".removesuffix(": "))
        case _:
            return _cut(type(reason).__name__.lower())


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001  an error of a user's; a supervisor must not fall over it
        return ""

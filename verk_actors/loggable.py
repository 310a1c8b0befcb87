"""Foreign values made fit for a log line, and for the sentence of an error."""

from __future__ import annotations

import reprlib

_SHOWN_LENGTH = 200  # enough to recognise a value, short enough for one log line


def loggable(text: str, limit: int = _SHOWN_LENGTH) -> str:
    """Returns foreign text made fit for one log line: unprintable characters escaped, cut to `limit`."""
    cut = text if len(text) <= limit else text[:limit] + "…"
    return cut if cut.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in cut)


def shown(value: object) -> str:
    """Returns the repr of any value: one printable line, short whatever its size, never raising."""
    try:
        return loggable(_REPR.repr(value))
    except Exception:  # noqa: BLE001 - a user's value may do anything; an error's text must not raise
        return f"<{type(value).__name__}>"


_REPR = reprlib.Repr()
_REPR.maxstring = _REPR.maxlong = _REPR.maxother = _SHOWN_LENGTH

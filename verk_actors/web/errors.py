"""What is wrong with a request."""

from __future__ import annotations

import attrs

from verk_actors.errors import VerkError, loggable, shown


@attrs.define(eq=False)
class InvalidInput(VerkError):
    """Raised when what a request says can't be used.

    Attributes:
        at: the place of it, such as `where.class`; empty for the whole body.
        why: what is wrong with it.
    """

    at: str
    why: str

    def __str__(self) -> str:
        return f"{loggable(self.at) or 'the body'} {self.why}"


@attrs.define(eq=False)
class NotThere(VerkError):
    """Raised when something is asked for that isn't there, or not any more.

    Attributes:
        kind: what it would be, such as `job`.
        name: what it would be called.
    """

    kind: str
    name: str

    def __str__(self) -> str:
        return f"there is no {self.kind} {shown(self.name)}"

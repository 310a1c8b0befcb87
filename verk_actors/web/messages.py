"""A message to the page that comes next: a cookie that lives for a moment.

Not in the address: a link could put words into the dashboard's mouth.
"""

from __future__ import annotations

from urllib.parse import quote, unquote

import attrs
from starlette.requests import Request
from starlette.responses import Response

from verk_actors.web.urls import root_of

_COOKIE = "verk_message"
_SECONDS = 20
_LONGEST = 600  # characters; a browser takes 4 kB, encoded


@attrs.frozen
class Message:
    """What has come of an action."""

    text: str
    is_error: bool = False


def leave_message(request: Request, response: Response, text: str, *, is_error: bool = False) -> None:
    """Leave a message for the next page of this browser."""
    value = quote(("!" if is_error else "-") + text[:_LONGEST], safe="")
    response.set_cookie(_COOKIE, value, max_age=_SECONDS, path=f"{root_of(request)}/", httponly=True, samesite="strict")


def message_for(request: Request) -> Message | None:
    """Return the message that was left, if any."""
    value = unquote(request.cookies.get(_COOKIE, ""))
    return Message(value[1:], is_error=value[0] == "!") if value[:1] in ("!", "-") else None


def forget_message(request: Request, response: Response) -> None:
    """Have the browser forget the message, which it shows now."""
    response.delete_cookie(_COOKIE, path=f"{root_of(request)}/", httponly=True, samesite="strict")

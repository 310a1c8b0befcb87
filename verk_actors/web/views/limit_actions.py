"""What can be done to a limit, told in a sentence."""

from __future__ import annotations

from verk_actors.client import Client
from verk_actors.errors import loggable


def reset(client: Client, id_: str) -> str:
    """Begin it anew."""
    client.limits.reset(id_)
    return f"{loggable(id_)} begins anew: nothing holds it, and nothing has started."

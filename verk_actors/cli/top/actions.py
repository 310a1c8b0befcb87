"""What `verk top` can do to the line under the cursor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import attrs

from verk_actors.cli.amounts import counted
from verk_actors.cli.places import Place
from verk_actors.client import Client


@attrs.frozen
class Action:
    """One action.

    Attributes:
        key: that is pressed.
        name: of the key, for people.
        question: asked before; empty where nothing is lost.
        do: is given what the line is about; returns what has come of it.
    """

    key: str
    name: str
    question: str
    do: Callable[[Client, Any], str]


def _pause(client: Client, name: str) -> str:
    queue = client.queue(name)
    if queue.is_paused():
        queue.resume()
        return "resumed"
    queue.pause()
    return "paused: no node fetches from it"


def _clear(client: Client, name: str) -> str:
    queue = client.queue(name)
    count = queue.count()
    queue.clear()
    return f"cleared of {counted(count, 'job')}"


def _cancel(client: Client, jid: str) -> str:
    found = client.cancel(jid)
    return "is over already" if found is None else "is asked to end"


def _in(place: str, verb: str, said: str) -> Callable[[Client, Any], str]:
    def do(client: Client, member: Any) -> str:
        return said if getattr(Place.named(client, place), verb)([member]) else "is gone already"

    return do


def _signal(verb: str, said: str, client: Client, node_id: str) -> str:
    getattr(client.nodes, verb)(node_id)
    return said


def _rescue(client: Client, node_id: str) -> str:
    done = client.nodes.rescue(node_id)
    return f"{counted(done.requeued, 'job')} given back, {done.buried} buried, {done.left} left"


def _of_set(place: str) -> tuple[Action, ...]:
    delete = Action("d", "delete", "Delete {}?", _in(place, "delete", "deleted"))
    retry = Action("r", "run now", "", _in(place, "retry", "is in its queue"))
    kill = Action("k", "kill", "Move {} to dead?", _in(place, "kill", "is dead"))
    return (retry, delete) if place == "dead" else (retry, delete, kill)


ACTIONS: Mapping[str, tuple[Action, ...]] = {
    "queues": (Action("p", "pause, resume", "", _pause), Action("c", "clear", "Delete all jobs in {}?", _clear)),
    "busy": (Action("x", "cancel", "Cancel {}?", _cancel),),
    "retry": _of_set("retry"),
    "scheduled": _of_set("scheduled"),
    "dead": _of_set("dead"),
    "nodes": (
        Action("t", "quiet", "", partial(_signal, "quiet", "is told to fetch no more jobs")),
        Action("s", "stop", "Stop {}?", partial(_signal, "stop", "is told to stop")),
        Action("u", "rescue", "", _rescue),
    ),
    "tree": (),
}
"""By tab."""

"""What can be done to nodes and running jobs, each told in a sentence."""

from __future__ import annotations

from verk_actors.client import Client
from verk_actors.errors import loggable
from verk_actors.jobs.run import Cancellation
from verk_actors.web.errors import NotThere

_PLACES = {
    "queue": "waited in its queue",
    "schedule": "was scheduled",
    "retry": "waited for its retry",
    "limit": "waited for a limit",
}


def quiet(client: Client, node: str) -> str:
    """Have a node fetch no more jobs."""
    client.nodes.quiet(node)
    return f"{loggable(node)} is asked to fetch no more jobs."


def stop(client: Client, node: str) -> str:
    """Have a node drain and stop."""
    client.nodes.stop(node)
    return f"{loggable(node)} is asked to finish its jobs and stop."


def rescue(client: Client, node: str) -> str:
    """Give the jobs of a dead node back to their queues."""
    done = client.nodes.rescue(node)
    if done.left:
        return f"{loggable(node)} lives, and keeps its {done.left} jobs."
    buried = f", {done.buried} of them too often: those are dead now" if done.buried else ""
    return f"{done.requeued + done.buried} jobs of {loggable(node)} were recovered{buried}."


def cancel(client: Client, jid: str) -> str:
    """Have a job not run, or not go on; raises `NotThere`."""
    found = client.cancel(jid)
    if found is None:
        raise NotThere("job that runs or waits", jid)
    return _cancelled(found)


def _cancelled(found: Cancellation) -> str:
    if found.where == "running":
        return f"The run of {loggable(found.jid)} on {loggable(str(found.node))} is asked to end."
    return f"{loggable(found.jid)} {_PLACES[found.where]}; it is dead now."

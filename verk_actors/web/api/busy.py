"""The nodes, the jobs that run, and what can be done to either."""

from __future__ import annotations

from verk_actors.figures.nodes import NodeFigures, read_node, read_nodes
from verk_actors.jobs.run import JobNotRunning, JobRun, NodesSilent
from verk_actors.store.all_nodes import NodeNotFound, NodeTakesNoSignals
from verk_actors.web.access import Action
from verk_actors.web.api.names import Jid, NodeId
from verk_actors.web.api.operation import Done, acts, looks
from verk_actors.web.site import Site
from verk_actors.web.views import busy as views
from verk_actors.web.views import busy_actions as deeds
from verk_actors.web.views.supervision import NodeTree, read_tree


@looks("/busy")
def busy(site: Site) -> views.BusyView:
    """Return all nodes and all running jobs."""
    return views.read_busy(site.client, site.redaction)


@looks("/nodes")
def nodes(site: Site) -> tuple[NodeFigures, ...]:
    """Return all nodes: our own first, then Verk's and Sidekiq's."""
    return read_nodes(site.client)


@looks("/nodes/{node}", NodeNotFound)
def node(site: Site, node: NodeId) -> NodeFigures:
    """Return one node.

    Args:
        node: its id; of a process of Sidekiq or Exq, its identity.
    """
    return read_node(site.client, node)


@looks("/nodes/{node}/tree", NodeNotFound, NodesSilent)
def node_tree(site: Site, node: NodeId) -> NodeTree:
    """Return the supervision tree of a node of ours as it is now, and its latest restarts; the node is asked.

    Args:
        node: its id.
    """
    found = read_tree(site.client, node)
    if found.node_id != node:
        raise NodeNotFound(node)
    if found.refusal is not None:
        raise found.refusal
    if found.told is None:
        raise NodesSilent((node,))
    return found.told


@acts("/nodes/{node}/quiet", Action.QUIET_NODE, NodeNotFound, NodeTakesNoSignals)
def quiet_node(site: Site, node: NodeId) -> Done:
    """Have a node fetch no more jobs; it does so within five seconds, ten for Sidekiq.

    Args:
        node: its id; of a process of Sidekiq or Exq, its identity.
    """
    return Done(message=deeds.quiet(site.client, node))


@acts("/nodes/{node}/stop", Action.STOP_NODE, NodeNotFound, NodeTakesNoSignals)
def stop_node(site: Site, node: NodeId) -> Done:
    """Have a node drain and stop, as by SIGTERM; it begins within five seconds, ten for Sidekiq.

    Args:
        node: its id; of a process of Sidekiq or Exq, its identity.
    """
    return Done(message=deeds.stop(site.client, node))


@acts("/nodes/{node}/rescue", Action.RESCUE_NODE, NodeNotFound)
def rescue_node(site: Site, node: NodeId) -> Done:
    """Give the jobs of a dead node back to their queues, to run first; one that lives is left alone.

    Its peers do so by themselves within a heartbeat or two; this is for where none is left.

    Args:
        node: its id.
    """
    return Done(message=deeds.rescue(site.client, node))


@looks("/running")
def running(site: Site) -> tuple[JobRun, ...]:
    """Return all running jobs, those that have run for longest first, as nodes told up to five seconds ago."""
    return views.read_running(site.client, site.redaction)


@looks("/running/{jid}", JobNotRunning, NodesSilent)
def running_job(site: Site, jid: Jid) -> JobRun:
    """Return a running job as its node sees it now, with its stack; all nodes are asked.

    Args:
        jid: its id.
    """
    return views.shown(site.client.inspect(jid), site.redaction)

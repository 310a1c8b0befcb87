"""The supervision tree of one node, and its latest restarts, as the node itself tells them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import attrs

from verk_actors.client import Client
from verk_actors.drawing.ages import age
from verk_actors.errors import StoreError, StoreUnavailable
from verk_actors.otp import ProcessInfo, RestartReport, Supervision
from verk_actors.store.requests import read_answer

_ANSWER_SECONDS = 1.0  # a node that lives answers within milliseconds, and the page is asked for again soon


@attrs.frozen(kw_only=True)
class NodeTree:
    """What one node has told.

    Attributes:
        tree: the processes, from the ActorSystem down.
        restarts: the latest, the newest first.
    """

    tree: ProcessInfo
    restarts: Sequence[RestartReport]

    def facts(self) -> Counter[str]:
        """Return how many processes there are, how many of them supervise, and so on."""
        facts: Counter[str] = Counter()
        for process in self.tree.walk():
            facts["processes"] += 1
            facts["supervisors"] += bool(process.strategy)
            facts["down"] += process.state != "running"
            facts["restarts"] += process.restarts
            facts["inbox"] += process.inbox
        return facts


@attrs.frozen(kw_only=True)
class NodeView:
    """One node of those that run, as it is looked at.

    Attributes:
        node_ids: the nodes of ours that live; nodes of Verk tell no tree.
        node_id: the one that was asked; None where there is none.
        told: what it answered; None if nothing in time, or nonsense.
        refusal: why it could not be asked: the user of Redis may not.
    """

    node_ids: Sequence[str]
    node_id: str | None
    told: NodeTree | None
    refusal: StoreError | None = None


def read_tree(client: Client, wanted: str | None) -> NodeView:
    """Ask a node for its tree.

    Args:
        client: of the dashboard.
        wanted: the id of a node; the first of those that live where it is none of them.
    """
    nodes = [node.node_id for node in client.nodes.statuses() if node.is_alive and node.program == "verk_actors"]
    node_id = wanted if wanted in nodes else next(iter(nodes), None)
    if node_id is None:
        return NodeView(node_ids=nodes, node_id=None, told=None)
    try:
        answers = client.nodes.ask("supervision", only=[node_id], seconds=_ANSWER_SECONDS)
    except StoreUnavailable:
        raise
    except StoreError as refusal:
        return NodeView(node_ids=nodes, node_id=node_id, told=None, refusal=refusal)
    return NodeView(node_ids=nodes, node_id=node_id, told=_node_tree(answers.given.get(node_id, b"")))


def _node_tree(answer: bytes) -> NodeTree | None:
    try:
        found = read_answer(answer, Supervision)
        for process in found.tree.walk():
            age(process.age_seconds)  # cattrs takes "nan" for a number
    except (ValueError, OverflowError):
        return None
    return NodeTree(tree=found.tree, restarts=found.restarts[::-1])

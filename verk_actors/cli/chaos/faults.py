"""What is done to the cluster, and which nodes lose their running jobs by it."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence

import attrs

from verk_actors.cli.chaos.cluster import LEASE_SECONDS, Cluster
from verk_actors.cli.chaos.proxy_control import Act, Rule
from verk_actors.store.scripts import DUE, EXCHANGE, HEARTBEAT, MOVE, TAKE

_SCRIPTS = (EXCHANGE, EXCHANGE, TAKE, HEARTBEAT, DUE, MOVE)  # what nodes send all the time: a rule is soon used up
_AWAY_SECONDS = 1.5 * LEASE_SECONDS  # at most


@attrs.frozen
class Fault:
    """A kind of fault.

    Attributes:
        title: what it is.
        weight: how many of 100 are of it.
        inject: does it, while at least two nodes are at work; returns the names of those that lose their jobs by it,
            as they die or are taken for dead.
    """

    title: str
    weight: int
    inject: Callable[[Cluster, random.Random], Sequence[str]]


def _kill_node(cluster: Cluster, chance: random.Random) -> Sequence[str]:
    node = chance.choice(cluster.at_work)
    cluster.kill(node)
    return [node.name]


def _freeze_node(cluster: Cluster, chance: random.Random) -> Sequence[str]:
    node = chance.choice(cluster.at_work)
    cluster.freeze(node)
    return [node.name]


def _kill_server(cluster: Cluster, chance: random.Random) -> Sequence[str]:
    """For a moment, or until leases have run out; no node is taken for dead for that."""
    cluster.kill_server(chance.uniform(0, _AWAY_SECONDS))
    return []


def _cut(cluster: Cluster, _: random.Random) -> Sequence[str]:
    cluster.proxy.cut()
    return []


def _on_one_script(act: Act) -> Callable[[Cluster, random.Random], Sequence[str]]:
    def inject(cluster: Cluster, chance: random.Random) -> Sequence[str]:
        cluster.proxy.rule(Rule(act=act, needle=chance.choice(_SCRIPTS).sha))
        return []

    return inject


FAULTS: Mapping[str, Fault] = {
    "kill": Fault("kill -9 of a node", 25, _kill_node),
    "freeze": Fault("a node stopped for longer than its lease", 15, _freeze_node),
    "kill-redis": Fault("kill -9 of Redis", 5, _kill_server),
    "cut": Fault("all connections cut", 10, _cut),
    "lose-reply": Fault("a reply lost", 25, _on_one_script("lose_reply")),
    "half-reply": Fault("half of a reply lost", 5, _on_one_script("half_reply")),
    "lose-request": Fault("a request lost", 15, _on_one_script("lose_request")),
}

"""What is done to the cluster, and how many running jobs each fault may cost a second run."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping

import attrs

from verk_actors.cli.chaos.cluster import HEARTBEAT_SECONDS, WORKERS, Cluster
from verk_actors.cli.chaos.proxy_control import Act, Rule
from verk_actors.store.scripts import DUE, EXCHANGE, HEARTBEAT, MOVE

_SCRIPTS = (EXCHANGE, HEARTBEAT, DUE, MOVE)  # what nodes send all the time, so that a rule is soon used up


@attrs.frozen
class Injected:
    """A fault that was injected.

    Attributes:
        kind: its name among the FAULTS.
        at_risk: how many jobs may run again for it: those that a process ran which was killed, or taken for dead.
    """

    kind: str
    at_risk: int


def inject(cluster: Cluster, chance: random.Random, kinds: Collection[str]) -> Injected | None:
    """Inject a fault of one of these kinds; None if it could not be done now, as too few nodes are at work."""
    possible = [kind for kind in FAULTS if kind in kinds]
    kind = chance.choices(possible, [FAULTS[kind].weight for kind in possible])[0]
    at_risk = FAULTS[kind].inject(cluster, chance)
    return None if at_risk is None else Injected(kind, at_risk)


def _kill_node(cluster: Cluster, chance: random.Random) -> int | None:
    node = cluster.victim(chance)
    if node is None:
        return None
    cluster.kill(node)
    return WORKERS


def _freeze_node(cluster: Cluster, chance: random.Random) -> int | None:
    node = cluster.victim(chance)
    if node is None:
        return None
    cluster.freeze(node)
    return WORKERS


def _kill_server(cluster: Cluster, _: random.Random) -> int:
    """Leases go on while the server is away: where it takes too long, nodes may be taken for dead."""
    away_seconds = cluster.kill_server()
    return 0 if away_seconds < HEARTBEAT_SECONDS else WORKERS * cluster.size


def _cut(cluster: Cluster, _: random.Random) -> int:
    cluster.proxy.cut()
    return 0


def _on_one_script(act: Act) -> Callable[[Cluster, random.Random], int]:
    def inject(cluster: Cluster, chance: random.Random) -> int:
        cluster.proxy.rule(Rule(act=act, needle=chance.choice(_SCRIPTS).sha))
        return 0

    return inject


@attrs.frozen
class Fault:
    """A kind of fault: what it is, how many of 100 are of it, and how it is injected."""

    title: str
    weight: int
    inject: Callable[[Cluster, random.Random], int | None]


FAULTS: Mapping[str, Fault] = {
    "kill": Fault("kill -9 of a node", 25, _kill_node),
    "freeze": Fault("a node stopped for longer than its lease", 15, _freeze_node),
    "kill-redis": Fault("kill -9 of Redis", 5, _kill_server),
    "cut": Fault("all connections cut", 10, _cut),
    "lose-reply": Fault("a reply lost", 25, _on_one_script("lose_reply")),
    "half-reply": Fault("half of a reply lost", 5, _on_one_script("half_reply")),
    "lose-request": Fault("a request lost", 15, _on_one_script("lose_request")),
}

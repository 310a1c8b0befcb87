"""What Prometheus scrapes of a node, and of all that is in Redis. Needs `pip install 'verk-actors[metrics]'`.

Nothing is counted for it: what is there anyway is read when somebody asks. A node's health port and the dashboard
serve it; a program with a registry of its own registers the collectors there:

    REGISTRY.register(NodeCollector(lambda: system.ask(Status(), timeout=5)))
"""

from verk_actors.extras import extra_missing

try:
    from verk_actors.integrations.prometheus.cluster import ClusterCollector
    from verk_actors.integrations.prometheus.exposition import exposition
    from verk_actors.integrations.prometheus.node import NodeCollector
except ModuleNotFoundError as error:
    raise extra_missing("metrics", error) from error

__all__ = ["ClusterCollector", "NodeCollector", "exposition"]

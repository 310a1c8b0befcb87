"""What `verk run` would do: told by `--dry-run`."""

from __future__ import annotations

from verk_actors.cli.table import lay_out
from verk_actors.jobs.cron_entries import entries_of
from verk_actors.jobs.registry import Registry
from verk_actors.settings.config import Config

_HEADINGS = ("QUEUE", "WORKERS", "EXECUTOR", "GROUP", "REDIS")


def plan_of(config: Config, registry: Registry) -> str:
    """Return it as text: the node, its queues, and the job classes that it knows."""
    of_groups = {queue: name for name, group in config.groups.items() for queue in group.queues}
    rows = [
        (name, one.size, one.executor, of_groups.get(name, ""), str(config.redis_url_by(one)))
        for name, one in config.all_queues.items()
    ]
    facts = {
        "node": config.node_id if config.node_id_fixed else "an id is generated",
        "processes": str(config.processes),
        "redis": str(config.redis_url),
        "namespace": config.namespace,
        "periodic jobs": ", ".join(entries_of(config, registry)),
        "job classes": ", ".join(registry.names()) or "none: name their modules by -r",
        "middleware": ", ".join(str(one) for one in config.worker_middleware),
        "settings from": ", ".join(dict.fromkeys(Config.origins().values())) or "options and defaults",
    }
    width = max(map(len, facts))
    lines = [f"{name:{width}}  {fact}" for name, fact in facts.items() if fact]
    return "\n".join((*lines, "", lay_out(_HEADINGS, rows)))

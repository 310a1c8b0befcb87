"""How one node works one queue, as it tells dashboards beside what Sidekiq knows."""

from __future__ import annotations

from typing import Any

import attrs


@attrs.frozen(kw_only=True)
class QueueShare:
    """A node's part in a queue.

    Attributes:
        size: how many of its jobs the node can run at a time; in a group of queues, of all together.
        busy: how many it runs.
        status: running, pausing or paused, as the node has it.
    """

    size: int
    busy: int
    status: str


def share_of(value: Any) -> QueueShare | None:
    """Returns what is told, if it can be read."""
    if not isinstance(value, dict):
        return None
    size, busy, status = value.get("size"), value.get("busy"), value.get("status")
    if type(size) is not int or type(busy) is not int or not isinstance(status, str):
        return None
    return QueueShare(size=size, busy=busy, status=status)

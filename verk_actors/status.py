"""What a node says of itself when it is asked for its status."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from verk_actors.store.class_counts import ClassCounts
from verk_actors.wire.histogram import Histogram


@attrs.frozen(kw_only=True)
class ClassStatus:
    """The runs of one job class in one queue on this node, since it started; a thousand of these pairs are kept.

    Attributes:
        finished, failed: how many ended so; those that were discarded have finished.
        seconds: how long those took in all that have finished.
        durations: the same by how long each took.
        waited_seconds: how long jobs had waited in their queue before these runs, where they tell when they came there.
        waits: the same by how long each had waited.
    """

    finished: int
    failed: int
    seconds: float
    durations: Histogram
    waited_seconds: float
    waits: Histogram


@attrs.frozen(kw_only=True)
class QueueStatus:
    """One queue on this node.

    Attributes:
        size: how many workers it has, or its group has.
        group: whose workers it shares; empty where it has its own.
        status: idle, running, pausing, paused, or failed (its supervisor waits before it restarts it).
        running: jobs that run now.
        finished, failed, fenced: since the node started, as QueueStats counts them; fenced are those that ended here
            when they were no longer this node's.
        paused_everywhere: all nodes were told not to fetch from it (`Client.queue(name).pause()`).
        classes: the runs of each job class in it.
    """

    size: int
    status: str
    group: str = ""
    running: int = 0
    finished: int = 0
    failed: int = 0
    fenced: int = 0
    paused_everywhere: bool = False
    classes: Mapping[str, ClassStatus] = attrs.Factory(dict)


@attrs.frozen(kw_only=True)
class ListenerStatus:
    """One registered listener; `missed` counts events dropped since it lagged too far behind."""

    listener: str
    missed: int


@attrs.frozen(kw_only=True)
class SystemStatus:
    """What `Status` answers.

    Attributes:
        connected: whether the node holds its lease in each Redis; without it, it fetches nothing there.
        abandoned: killed processes whose thread is still in user code.
        dashboard_url: where the node serves the dashboard; None where it doesn't.
        classes: the runs of each job class since the node started, as QueueStats counts them.
    """

    node_id: str
    connected: bool
    queues: Mapping[str, QueueStatus]
    listeners: tuple[ListenerStatus, ...]
    abandoned: tuple[str, ...]
    dashboard_url: str | None = None
    classes: Mapping[str, ClassCounts] = attrs.Factory(dict)

"""The registered names of the tree's processes; a name in a log leads to the file of the process.

Source: Verk's registered names, `"<queue>.queue_manager"` and so on.
"""

from __future__ import annotations

ACTOR_SYSTEM = "actor_system"
GENERAL_CONNECTION = "general_connection"
NODE_MANAGER = "node_manager"
OTHER_SERVERS = "other_servers"
JOB_LOGGER = "job_logger"
EVENT_PRODUCER = "event_producer"
QUEUE_STATS = "queue_stats"
SCHEDULE_MANAGER = "schedule_manager"
BATCH_MANAGER = "batch_manager"
CRON_MANAGER = "cron_manager"
LIMIT_MANAGER = "limit_manager"
PRESENCE = "presence"
HEALTH_PORT = "health_port"
CANCELLER = "canceller"
DASHBOARD = "dashboard"
MANAGER_SUPERVISOR = "manager_supervisor"
MANAGER = "manager"
QUEUES_DRAINER = "queues_drainer"


def queue_supervisor(pool: str) -> str:
    """Return the name of a queue's, or a group's, supervisor."""
    return f"{pool}.supervisor"


def queue_manager(queue: str) -> str:
    """Return the name of a queue's QueueManager."""
    return f"{queue}.queue_manager"


def worker_pool(pool: str) -> str:
    """Return the name of a queue's, or a group's, pool of workers."""
    return f"{pool}.pool"


def worker(pool: str, number: int) -> str:
    """Return what one of a queue's, or a group's, workers is shown as, numbered from 1; it is not registered."""
    return f"{pool}.worker_{number}"


def workers_manager(queue: str) -> str:
    """Return the name of a queue's WorkersManager."""
    return f"{queue}.workers_manager"

"""The name of every Redis key this package uses, with its type, its writers and its readers.

No other module spells a key. Verk and Sidekiq use the same names, so that either can share the data.
"""

from __future__ import annotations

from datetime import date

import attrs

_IDENTITY = "verk:process:"


def identity_of(node_id: str) -> str:
    """Return the name under which a node is among Sidekiq's processes."""
    return f"{_IDENTITY}{node_id}"


def node_of(identity: str) -> str | None:
    """Return the node that has a name among Sidekiq's processes; None for a process of another kind."""
    return identity.removeprefix(_IDENTITY) if identity.startswith(_IDENTITY) else None


@attrs.frozen(slots=True)
class Keys:
    """Builds the Redis keys of one namespace.

    Attributes:
        namespace: the prefix put before each key with a colon; empty for none, as Verk and Sidekiq have it.
    """

    namespace: str = ""

    def _named(self, name: str) -> str:
        return f"{self.namespace}:{name}" if self.namespace else name

    # Jobs

    @property
    def queues(self) -> str:
        """The names of all queues (set), written by enqueues and moves, read by clients and Sidekiq Web."""
        return self._named("queues")

    def queue(self, queue: str) -> str:
        """The waiting jobs of one queue (list, newest at the head, taken from the tail).

        Written by clients, due jobs and rescues; read by the queue's manager.
        """
        return self._named(f"queue:{queue}")

    def queue_of(self, key: str) -> str:
        """Returns the queue that a `queue:` key belongs to, the inverse of `queue`.

        Raises:
            ValueError: the key isn't a queue's in this namespace.
        """
        prefix = self.queue("")
        if not key.startswith(prefix):
            raise ValueError(f"{key!r} is not the key of a queue, which starts with {prefix!r}")
        return key[len(prefix) :]

    @property
    def paused(self) -> str:
        """The names of the queues that no node fetches from (set, Sidekiq's), written by people, read by heartbeats."""
        return self._named("paused")

    def in_progress(self, queue: str, node_id: str) -> str:
        """The jobs of one queue taken by one node and not yet settled (list, newest at the head).

        Written by the queue's manager, and by the peer that rescues a dead node.
        """
        return self._named(f"inprogress:{queue}:{node_id}")

    @property
    def retry(self) -> str:
        """The failed jobs that run again (sorted set, score = due time, unix seconds).

        Written by managers, read by whoever moves due jobs.
        """
        return self._named("retry")

    @property
    def schedule(self) -> str:
        """The jobs to run later (sorted set, score = due time), written by clients, read by whoever moves due jobs."""
        return self._named("schedule")

    @property
    def dead(self) -> str:
        """The jobs that won't run again unless asked to (sorted set, score = time of death), written by nodes."""
        return self._named("dead")

    def unique(self, token: str) -> str:
        """The lock of unique jobs (string, the jid of the first; expires), written by clients, removed by nodes."""
        return self._named(f"unique:{token}")

    def once(self, jid: str) -> str:
        """The mark of a job that is enqueued but once (string, its jid; expires), written and read by clients."""
        return self._named(f"verk:once:{jid}")

    def result(self, jid: str) -> str:
        """What a job has returned (string, JSON; expires), written when it is settled, read by clients."""
        return self._named(f"verk:result:{jid}")

    # Batches

    @property
    def batches(self) -> str:
        """The ids of all batches (sorted set, score = when each was made), written with them, read by clients."""
        return self._named("verk:batches")

    @property
    def batches_due(self) -> str:
        """When each is to be looked at (sorted set; 0 if a member has ended), written by whoever ends one."""
        return self._named("verk:batches:due")

    def batch(self, bid: str) -> str:
        """What one batch is (hash), written by clients and batch managers, read by both."""
        return self._named(f"verk:batch:{bid}")

    def batch_pending(self, bid: str) -> str:
        """Its members that have not ended (set, jids; batches within it as `bid:BID`), written by whoever ends them."""
        return self._named(f"verk:batch:{bid}:pending")

    def batch_failed(self, bid: str) -> str:
        """Its members that have ended for good without success (set), likewise."""
        return self._named(f"verk:batch:{bid}:failed")

    def batch_steps(self, bid: str) -> str:
        """The members of its steps to come (list, payloads and `bid:BID`), written by clients, taken by managers."""
        return self._named(f"verk:batch:{bid}:steps")

    # Periodic jobs

    @property
    def cron(self) -> str:
        """The periodic jobs (hash, name to JSON), written by nodes that have them and by clients, read by all nodes."""
        return self._named("verk:cron")

    @property
    def cron_slots(self) -> str:
        """The last time of each that was seen to (hash, name to unix seconds), written when its job is enqueued."""
        return self._named("verk:cron:slots")

    @property
    def cron_paused(self) -> str:
        """The names of those that are paused (set), written by people, read by nodes."""
        return self._named("verk:cron:paused")

    @property
    def cron_told(self) -> str:
        """When nodes last said that they have them (hash, name to unix seconds), written by these, read by tools."""
        return self._named("verk:cron:told")

    @property
    def cron_runs(self) -> str:
        """The last job of each that was enqueued (hash, name to JSON), written with it, read by tools."""
        return self._named("verk:cron:runs")

    @property
    def cron_results(self) -> str:
        """How the last of each that ended did (hash, name to JSON), written when it is settled, read by tools."""
        return self._named("verk:cron:results")

    # Limits; an id is the name of a limit, or `NAME:VALUE` where it holds for each value of an argument

    @property
    def limits(self) -> str:
        """The limits that nodes keep to (hash, name to JSON), written by each node, read by tools."""
        return self._named("verk:limits")

    @property
    def limited(self) -> str:
        """The ids of those that jobs wait for (sorted set, score = the next look), written and read by managers."""
        return self._named("verk:limited")

    def slots(self, limit_id: str, node_id: str | None = None) -> str:
        """The jobs that hold it (hash, jid to who runs it), written when jobs start and end; a node's own expires."""
        where = "" if node_id is None else f"@{node_id}"
        return self._named(f"verk:limit{where}:{limit_id}:slots")

    def arrival(self, limit_id: str) -> str:
        """When the next job arrives at an even rate (string, microseconds; expires), written when jobs start."""
        return self._named(f"verk:limit:{limit_id}:arrival")

    def waiting(self, limit_id: str) -> str:
        """The jobs that wait for it (sorted set, score = when enqueued), written by nodes and by people."""
        return self._named(f"verk:limit:{limit_id}:waiting")

    def called(self, limit_id: str) -> str:
        """The jobs that were called and not fetched yet (sorted set, of jids, score = when), written by nodes."""
        return self._named(f"verk:limit:{limit_id}:called")

    # Nodes

    @property
    def nodes(self) -> str:
        """The ids of all nodes that may hold jobs (set), written by heartbeats and rescues, read by peers."""
        return self._named("verk_nodes")

    def node(self, node_id: str) -> str:
        """The lease of one node (string, its token; expires), written by heartbeats, checked by fetches."""
        return self._named(f"verk:node:{node_id}")

    def node_queues(self, node_id: str) -> str:
        """The queues a node may hold jobs of (set), written by heartbeats and fetches, read by rescues."""
        return self._named(f"verk:node:{node_id}:queues")

    @property
    def recovered(self) -> str:
        """How often jobs were rescued from dead nodes (hash; expires), written and read by rescues."""
        return self._named("verk:recovered")

    def requests(self, node_id: str) -> str:
        """The questions to one node, such as for its tree (list; expires), from tools to the node."""
        return self._named(f"verk:node:{node_id}:requests")

    def reply(self, nonce: str) -> str:
        """The answer to one question (list; expires), from the node to the tool that asks."""
        return self._named(f"verk:reply:{nonce}")

    @property
    def audit(self) -> str:
        """What people have done by dashboards (list, JSON, the newest at the head), written and read by dashboards."""
        return self._named("verk:audit")

    # What Sidekiq Web shows as Busy; the names are Sidekiq's, those of our nodes begin with `verk:process:`

    @property
    def processes(self) -> str:
        """The identities of all nodes, Sidekiq's and Exq's included (set), written by each, read by dashboards."""
        return self._named("processes")

    def process(self, identity: str) -> str:
        """What one of them tells of itself (hash; expires), written by it every 5 s, read by dashboards."""
        return self._named(identity)

    def work(self, identity: str) -> str:
        """What it runs (hash, worker to JSON; expires), written by it every 5 s, read by Sidekiq from 6.4.2 on."""
        return self._named(f"{identity}:work")

    def workers(self, identity: str) -> str:
        """The same (hash; expires), read by older Sidekiqs and by Exq."""
        return self._named(f"{identity}:workers")

    def signals(self, identity: str) -> str:
        """What it is to do, such as TSTP (list; expires), written by dashboards, taken by it every 5 s."""
        return self._named(f"{identity}-signals")

    # Counters: written when a job is settled, read by tools and Sidekiq Web

    @property
    def processed(self) -> str:
        """How many jobs have run (string, integer)."""
        return self._named("stat:processed")

    @property
    def failed(self) -> str:
        """How many runs have failed (string, integer)."""
        return self._named("stat:failed")

    @property
    def expired(self) -> str:
        """How many jobs were dropped since their time to begin was over (string, integer)."""
        return self._named("stat:expired")

    def processed_of(self, queue: str) -> str:
        """How many jobs of one queue have run (string, integer), as Verk counts."""
        return self._named(f"stat:processed:{queue}")

    def failed_of(self, queue: str) -> str:
        """How many runs of one queue's jobs have failed (string, integer), as Verk counts."""
        return self._named(f"stat:failed:{queue}")

    def processed_on(self, day: date) -> str:
        """How many jobs have run on one UTC day (string, integer; expires), as Sidekiq counts.

        A queue named like a day would share this key; the two peers chose the names.
        """
        return self._named(f"stat:processed:{day:%Y-%m-%d}")

    def failed_on(self, day: date) -> str:
        """How many runs have failed on one UTC day (string, integer; expires), as Sidekiq counts."""
        return self._named(f"stat:failed:{day:%Y-%m-%d}")

    def runs_in(self, minutes: str) -> str:
        """How often jobs of each class ran in one minute, or in ten (hash; expires), as Sidekiq 8 counts.

        Written by nodes every twenty seconds, read by tools and Sidekiq's page of metrics.
        """
        return self._named(f"j|{minutes}")

    def durations_in(self, class_name: str, minute: str) -> str:
        """How long runs of one class took in one minute (string, counters of 16 bits; expires), as Sidekiq 8 has it.

        Written and read as `runs_in`.
        """
        return self._named(f"h|{class_name}-{minute}")

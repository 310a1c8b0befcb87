"""What may be wrong with a Redis, and on the way to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from verk_actors.cli.amounts import counted
from verk_actors.cli.doctor.finding import Finding, Patient, word
from verk_actors.errors import loggable
from verk_actors.store import limit_book
from verk_actors.store.commands import Commands, server_time
from verk_actors.store.replies import name_of
from verk_actors.store.server_facts import ServerFacts, Topic
from verk_actors.wire import times
from verk_actors.wire.keys import node_of

_SKEW_SECONDS = 2.0  # what a job is early or late by; more is no network's doing
_FULL = 0.9
_TYPES = {"queue": "list", "retry": "zset", "schedule": "zset", "dead": "zset", "queues": "set", "nodes": "set"}
_TYPES |= {"cron": "hash", "cron_slots": "hash", "cron_paused": "set", "limits": "hash", "limited": "zset"}


def version(patient: Patient) -> Iterator[Finding]:
    """The version has all commands that are needed."""
    yield from _concerns(patient, "version")


def eviction(patient: Patient) -> Iterator[Finding]:
    """It drops no jobs when its memory is full."""
    yield from _concerns(patient, "eviction")


def persistence(patient: Patient) -> Iterator[Finding]:
    """It writes jobs to disk."""
    yield from _concerns(patient, "persistence")


def memory(patient: Patient) -> Iterator[Finding]:
    """It has memory to spare."""
    for url, facts in _facts(patient):
        most, used = facts.most_memory_bytes, facts.used_memory_bytes
        if most and used is not None and used > _FULL * most:
            yield Finding(
                "problem",
                f"{url}: {used / most:.0%} of its maxmemory are used; when it is full, nothing can be enqueued",
                "raise maxmemory, or delete jobs: verk jobs clear dead",
            )


def role(patient: Patient) -> Iterator[Finding]:
    """It takes writes."""
    for url, facts in _facts(patient):
        if facts.role == "slave":
            yield Finding(
                "problem",
                f"{url}: it is a replica, which takes no writes",
                "name the primary, or its Sentinels: redis+sentinel://",
            )


def password(patient: Patient) -> Iterator[Finding]:
    """No password crosses a network as it is."""
    for url in patient.servers:
        if url.bares_password:
            yield Finding("warning", f"{url}: its password crosses the network unencrypted", "use rediss://")


def clocks(patient: Patient) -> Iterator[Finding]:
    """This machine, Redis and all nodes have the same time."""
    for url, server in patient.servers.items():
        before = patient.clock()
        theirs, after = server_time(server), patient.clock()
        skew = before - theirs if before > theirs else min(0.0, after - theirs)
        if abs(skew) > _SKEW_SECONDS:
            ahead = "ahead of" if skew > 0 else "behind"
            yield Finding(
                "problem",
                f"the clock of this machine is {abs(skew):.1f} s {ahead} that of {url}: times of jobs are wrong",
                "have NTP set the clocks of all machines",
            )
        for member in server.call("SMEMBERS", patient.keys.processes):
            identity = name_of(member)
            [beat] = server.call("HMGET", patient.keys.process(identity), "beat")
            beat_at = times.read(float(beat)) if beat is not None else None
            if beat_at is not None and beat_at - theirs > _SKEW_SECONDS:
                yield Finding(
                    "problem",
                    f"the clock of {loggable(node_of(identity) or identity)} is {beat_at - theirs:.1f} s ahead of "
                    f"that of {url}",
                    "have NTP set the clocks of all machines",
                )


def types(patient: Patient) -> Iterator[Finding]:
    """Each key holds what it should."""
    keys = patient.keys
    wanted = {getattr(keys, name): type_ for name, type_ in _TYPES.items() if name != "queue"}
    for server in patient.servers.values():
        wanted |= {keys.queue(name): "list" for name in patient.client.queue_names()}
        misplaced = list(_misplaced(server, wanted))
        yield from misplaced or _misplaced(server, limit_book.types_of_keys(server, keys))


def dead_set(patient: Patient) -> Iterator[Finding]:
    """The dead set has room."""
    count, most = patient.client.dead.count(), patient.config.max_dead_jobs
    if count >= most:
        yield Finding(
            "warning",
            f"the dead set has {counted(count, 'job')}, as many as are kept: each that comes drops the oldest",
            "look at them (verk jobs list dead), then retry or delete them; or raise max_dead_jobs",
        )


def _misplaced(server: Commands, wanted: Mapping[str, str]) -> Iterator[Finding]:
    found = server.call_many([("TYPE", key) for key in wanted]) if wanted else []
    for (key, type_), holds in zip(wanted.items(), map(name_of, found), strict=True):
        if holds not in (type_, "none"):
            yield Finding(
                "problem",
                f"the key {loggable(key)} holds a {holds}, where a {type_} should be: another program wrote it",
                f"move it away: verk redis cli RENAME {word(key)} {word(f'{key}.away')}; "
                "and give that program another database",
            )


def _facts(patient: Patient) -> Iterator[tuple[str, ServerFacts]]:
    for url, server in patient.servers.items():
        yield str(url), ServerFacts.read(server)


def _concerns(patient: Patient, topic: Topic) -> Iterator[Finding]:
    for url, facts in _facts(patient):
        for concern in facts.concerns():
            if concern.topic == topic:
                yield Finding("problem", f"{url}: {concern.what}", concern.remedy)

"""A connection in a cluster leads to the server that holds the keys of its namespace, wherever they move."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

import pytest
from redis.crc import key_slot
from support.cluster import NAMESPACE, SLOT, Cluster
from support.eventually import eventually
from support.periodic import enter_enqueue_and_remove

from verk_actors.client import Client
from verk_actors.errors import ConfigError, StoreUnavailable
from verk_actors.settings.config import Config
from verk_actors.settings.limit import Limit
from verk_actors.settings.redis_url import RedisUrl
from verk_actors.store.admission import Admission, Applicant, Use
from verk_actors.store.batch_making import NewBatch, made
from verk_actors.store.batch_progress import BatchProgress
from verk_actors.store.class_counts import ClassCounts, RecentClasses
from verk_actors.store.commands import Argument
from verk_actors.store.connection import Connection
from verk_actors.store.due import DueJobs
from verk_actors.store.entries import Entry, Lock, add
from verk_actors.store.exchange import InProgress, Settlement
from verk_actors.store.guarded import perform
from verk_actors.store.job_sets import ScheduleSet
from verk_actors.store.limit_calls import LimitCalls
from verk_actors.store.locks import release
from verk_actors.store.nodes import Nodes
from verk_actors.store.presence import Presence
from verk_actors.store.queue import Queue
from verk_actors.store.scripts import ENQUEUE, SCRIPTS, Script, ScriptCall
from verk_actors.store.waiting import Waiter, unblock
from verk_actors.store.waiting_jobs import WaitingJobs
from verk_actors.wire.job import Job
from verk_actors.wire.keys import Keys

JOB = b'{"class":"C","args":[],"jid":"1","queue":"q"}'


@pytest.fixture(scope="module")
def _cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Return a cluster of three servers, which take two seconds to find each other."""
    with Cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        for server in cluster.servers:  # none fails here, and one that only has to wait for its turn counts as sound
            cluster.ask(server, "CONFIG", "SET", "cluster-node-timeout", 20_000)
        yield cluster


@pytest.fixture
def cluster(_cluster: Cluster) -> Cluster:
    """Return a cluster that holds no key, and agrees on who is to hold them."""
    for server in _cluster.servers:
        _cluster.ask(server, "CLUSTER", "SETSLOT", SLOT, "STABLE")
        _cluster.ask(server, "FLUSHALL")
    _cluster.give_slot(_cluster.owner)
    return _cluster


def connection_to(cluster: Cluster) -> Any:
    return closing(Connection(RedisUrl(cluster.url).within(NAMESPACE), name="test", socket_timeout_seconds=30))


def port_of(connection: Connection) -> int:
    return int(connection.call("CONFIG", "GET", "port")[1])


class Recording:
    """Passes scripts on, and keeps the slots of the keys of each."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.slots: dict[str, set[int]] = {}

    def call(self, *args: Argument) -> Any:
        return self._connection.call(*args)

    def transaction(self, calls: Sequence[ScriptCall]) -> list[Any]:
        return [self.script(call.script, call.keys, call.args) for call in calls]

    def script(self, script: Script, keys: Sequence[str], args: Sequence[Argument]) -> Any:
        self.slots.setdefault(script.name, set()).update(key_slot(key.encode()) for key in keys)
        return self._connection.script(script, keys, args)


def limited_jobs(commands: Recording, keys: Keys) -> None:
    """Put two jobs aside, call the one that has a slot again, and give it back."""
    limit, calls = Limit("two", concurrency=1), LimitCalls(commands, keys, "n1")
    applicants = [
        Applicant(payload=JOB, waits_as=JOB, jid=jid, since=1.0, uses=[Use("two", limit)]) for jid in ("1", "2")
    ]
    commands.call("LPUSH", keys.in_progress("q", "n1"), JOB)
    assert Admission(commands, keys, "q", "n1").admit("old", applicants) == [True, False]
    assert calls.rooms({"two": limit})["two"].count == 1
    assert calls.call("two", limit, [JOB], 1e9).held == 1
    assert calls.reclaim("two", limit, "token", lambda _: False) == 1


def test_every_script_runs_in_a_cluster_with_all_of_its_keys_in_one_slot(cluster: Cluster) -> None:
    keys = Keys(NAMESPACE)
    with connection_to(cluster) as connection:
        commands = Recording(connection)
        queue, nodes = Queue(commands, keys, "q"), Nodes(commands, keys)
        queue.push(JOB, JOB, JOB)
        unique = Job(class_="C", args=[], jid="1", unique_for=60, unique_token="t")
        lock = Lock(keys.unique("t"), 60)
        assert add(commands, keys, [Entry("q", "1", b"{}", locks=[lock]), Entry("q", "2", b"{}", 1.0)]) == {}
        assert release(commands, keys, [unique]) == 1
        assert queue.delete(b"{}")
        queue.push(JOB)
        assert WaitingJobs(commands, keys, lambda: 1e9).cancel("1") is not None
        connection.call("DEL", keys.schedule)
        ScheduleSet([commands], keys, lambda: 0.0).add(JOB, 0.0)
        assert DueJobs(commands, keys).promote().moved == 1
        nodes.heartbeat("n1", "token", 60_000, ["q"])
        in_progress = InProgress(commands, keys, "q", "n1")
        taken = in_progress.exchange("token", [], 3, 1e9).payloads
        kinds = ("retry", "dead", "requeue")
        settlements = [Settlement(kind, job, JOB, 1e9) for kind, job in zip(kinds, taken, strict=True)]
        assert in_progress.exchange("token", settlements, 1, 1e9).settled == [True] * 3
        [reply] = commands.transaction([in_progress.fetch_behind_wait("of another")])
        assert in_progress.fetched(reply).payloads == []
        limited_jobs(commands, keys)
        connection.call("DEL", keys.node("n1"))
        assert nodes.rescue("n1", "q").moved == 1
        nodes.deregister("n1", None)
        RecentClasses([commands], keys).add({"Add": ClassCounts(1)}, 1e9)
        Presence(commands, keys, "n1").beat({"busy": 0}, [], first=True)
        new = NewBatch(bid="b", stages=[[Entry("q", "1", JOB)]], created_at=1.0, expires_at=1e9)
        assert perform(commands, [], [], list(made(new, keys, "turn")))
        assert BatchProgress(commands, keys).advance("b", 2.0).status is not None
        enter_enqueue_and_remove(commands, keys)
        assert queue.clear()

    assert commands.slots == {script.name: {SLOT} for script in SCRIPTS}


def test_many_jobs_of_several_queues_are_enqueued_in_a_cluster(cluster: Cluster) -> None:
    with Client(Config(redis_url=RedisUrl(cluster.url), namespace=NAMESPACE)) as client:
        client.enqueue_many([Job(queue=queue, class_="C", args=[]) for queue in ("a", "b") * 600])

        assert (client.queue("a").count(), client.queue("b").count()) == (600, 600)


def test_a_connection_follows_the_keys_to_another_server(cluster: Cluster) -> None:
    other = next(server for server in cluster.servers if server is not cluster.owner)
    with connection_to(cluster) as connection:
        connection.call("SET", "{verk}:key", "value")
        assert port_of(connection) == cluster.owner.port != other.port

        cluster.move_slot(other)

        assert connection.call("GET", "{verk}:key") == b"value"
        assert port_of(connection) == other.port
        assert connection.script(ENQUEUE, ("{verk}:queue:q", "{verk}:queues"), ("q", b"job")) == 1


def test_a_seed_that_has_not_heard_of_a_move_is_put_right_by_the_server_that_it_names(cluster: Cluster) -> None:
    owner = cluster.owner
    stale, named = (server for server in cluster.servers if server is not owner)
    cluster.ask(stale, "CLUSTER", "SETSLOT", SLOT, "NODE", cluster.id_of(named))
    url = RedisUrl(f"redis+cluster://127.0.0.1:{stale.port}").within(NAMESPACE)
    with closing(Connection(url, name="test")) as connection:
        assert port_of(connection) == owner.port
    cluster.ask(stale, "CLUSTER", "SETSLOT", SLOT, "NODE", cluster.id_of(owner))


def test_a_wait_ends_with_the_move_of_its_keys_and_is_unblocked_at_the_new_server(cluster: Cluster) -> None:
    """CLIENT UNBLOCK names no key, so no server would redirect it: the connection has to find out by itself."""
    other = next(server for server in cluster.servers if server is not cluster.owner)
    with connection_to(cluster) as waiting, connection_to(cluster) as general:
        waiter = Waiter(waiting)
        waiter.begin("{verk}:queue:q", 20)
        general.call("PING")
        cluster.move_slot(other)
        with pytest.raises(StoreUnavailable, match="MOVED"):
            waiter.finish()

        waiter.begin("{verk}:queue:q", 20)
        waiter.end_by(lambda: unblock(general, waiter.client_id))

        assert waiter.finish() is False
        assert port_of(general) == port_of(waiting) == other.port


def test_while_keys_are_handed_over_commands_are_refused_and_nothing_is_done(cluster: Cluster) -> None:
    source = cluster.owner
    other = next(server for server in cluster.servers if server is not source)
    with connection_to(cluster) as connection:
        connection.call("SET", "{verk}:here", "value")
        cluster.ask(other, "CLUSTER", "SETSLOT", SLOT, "IMPORTING", cluster.id_of(source))
        cluster.ask(source, "CLUSTER", "SETSLOT", SLOT, "MIGRATING", cluster.id_of(other))

        with pytest.raises(StoreUnavailable, match="ASK") as raised:
            connection.call("LPUSH", "{verk}:new", "value")
        assert not raised.value.sent
        with pytest.raises(StoreUnavailable, match=r"ASK|TRYAGAIN"):
            connection.call("DEL", "{verk}:here", "{verk}:new")
        assert connection.call("GET", "{verk}:here") == b"value"


def test_a_cluster_that_misses_a_slot_is_an_outage_that_passes(cluster: Cluster) -> None:
    owner = cluster.owner
    other = next(server for server in cluster.servers if server is not owner)
    slot = next(first for first, _, (_, port, *_), *_ in cluster.ask(other, "CLUSTER", "SLOTS") if port == other.port)
    with connection_to(cluster) as connection:
        connection.call("SET", "{verk}:key", "value")
        cluster.ask(owner, "CLUSTER", "DELSLOTS", slot)
        with pytest.raises(StoreUnavailable, match="CLUSTERDOWN") as raised:
            connection.call("SET", "{verk}:key", "other")
        assert not raised.value.sent
        cluster.ask(owner, "CLUSTER", "SETSLOT", slot, "NODE", cluster.id_of(other))
        eventually(lambda: works_again(connection), "end of the outage")


def works_again(connection: Connection) -> bool:
    try:
        return bool(connection.call("GET", "{verk}:key") == b"value")
    except StoreUnavailable:
        return False


def test_a_cluster_is_of_no_use_without_a_hash_tag() -> None:
    with pytest.raises(ConfigError, match="hash tag"):
        Connection(RedisUrl("redis+cluster://localhost"), name="test")

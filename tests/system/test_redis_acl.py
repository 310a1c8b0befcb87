"""docs/redis-acl.md: its users can do all that they are for, and nothing else."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator
from contextlib import closing

import attrs
import pytest
import redis as redis_py
from support.eventually import eventually
from support.nodes import Node, running_node
from support.periodic import enter_enqueue_and_remove
from support.servers import OwnServer
from support.source import REPOSITORY

from verk_actors import Config, Limit, QueueConfig, RedisUrl
from verk_actors.client import Client
from verk_actors.client.workflow import chain, group
from verk_actors.errors import EnqueueUncertain
from verk_actors.events import BatchCompleted, JobDead, JobFailed, JobFinished, JobMalformed, QueuePaused
from verk_actors.messages import AddQueue, PauseQueue, RemoveQueue, ResumeQueue
from verk_actors.store.connection import Connection
from verk_actors.tree.messages import Tick
from verk_actors.wire.job import Job
from verk_actors.wire.keys import Keys, identity_of

DOCUMENT = REPOSITORY / "docs/redis-acl.md"
# Granted for a time or a place that no test of this file brings about.
NOT_EXERCISED = {"ping"}


def rules() -> dict[str, list[str]]:
    """Return the rules of each user, read from the document."""
    lines = re.findall(r"^```sh\n(.*?)^```", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)
    words = [shlex.split(line.replace("\\\n", " ")) for line in lines]
    assert all(line[:3] == ["redis-cli", "ACL", "SETUSER"] for line in words)
    return {line[3]: line[4:] for line in words}


@attrs.frozen
class Access:
    """A server with the users of the document, whose keys are under a namespace."""

    server: OwnServer
    namespace: str

    def config(self, user: str) -> Config:
        """Return what this user configures; the database is not the first, so that SELECT is needed."""
        [password] = [rule[1:] for rule in rules()[user] if rule.startswith(">")]
        url = f"redis://{user}:{password}@127.0.0.1:{self.server.port}/1"
        return Config(redis_url=RedisUrl(url), namespace=self.namespace)

    def as_user(self, user: str) -> redis_py.Redis:
        """Return a plain client that is this user."""
        return redis_py.Redis.from_url(self.config(user).redis_url.value)


@pytest.fixture(
    params=[
        pytest.param((None, ""), id="valkey"),
        pytest.param((None, "app"), id="with a namespace"),
        pytest.param(("redis-server", ""), id="redis", marks=pytest.mark.needs("redis-server")),
    ]
)
def access(request: pytest.FixtureRequest, tmp_path) -> Iterator[Access]:
    program, namespace = request.param
    with OwnServer(tmp_path / "own", program=program) as server, server.client() as admin:
        for user, words in rules().items():
            placed = [word.replace("~", f"~{namespace}:") if namespace else word for word in words]
            admin.execute_command("ACL", "SETUSER", user, *placed)
        yield Access(server, namespace)


@pytest.fixture
def admin(access: Access) -> Iterator[redis_py.Redis]:
    with redis_py.Redis(port=access.server.port, db=1) as client:
        yield client


def denials(admin: redis_py.Redis) -> set[str]:
    """Return what users were denied, but for the command that every client sends and whose failure it ignores."""
    return {f"{entry['username']}: {entry['object']}" for entry in admin.acl_log()} - {
        f"{user}: client|setinfo" for user in rules()
    }


@pytest.mark.slow  # a whole life, with a lease that runs out
@pytest.mark.logs_errors("buried")
def test_a_node_lives_its_whole_life_as_its_user_which_may_do_nothing_beyond_it(access: Access, admin) -> None:
    config, keys = access.config("verk-node"), Keys(access.namespace)
    leave_a_dead_node(admin, keys)
    admin.config_resetstat()
    queues = {"q": QueueConfig(size=2, limits=Limit("one", concurrency=1))}  # type: ignore[arg-type]
    with running_node(config, queues=queues, heartbeat_seconds=1.0, max_dead_jobs=1) as node:
        every_fate(node, admin, keys)
        rescues(node, admin, keys)
        queues_come_and_go(node)
        answers_questions(node, config, keys)
        batches_go_on(node, keys)
    work_by_hand(config)
    enqueue_more(config)
    enqueue_with_replicas(config)

    assert denials(admin) == set()
    assert not admin.exists(keys.node(config.node_id))  # the stop gave the lease back
    granted = {rule[1:] for rule in rules()["verk-node"] if rule.startswith("+")}
    used = {name.removeprefix("cmdstat_") for name in admin.info("commandstats")}
    assert granted - used - NOT_EXERCISED == set()


def leave_a_dead_node(admin: redis_py.Redis, keys: Keys) -> None:
    admin.hset(keys.slots("one"), "of the dead", "dead token")
    admin.sadd(keys.nodes, "dead")
    admin.sadd(keys.node_queues("dead"), "q")
    admin.lpush(keys.in_progress("q", "dead"), '{"class":"Good","args":["rescued"],"queue":"q","jid":"1","retry":true}')


def leave_a_process(admin: redis_py.Redis, keys: Keys) -> None:
    admin.set(keys.node("n1"), "token")
    admin.sadd(keys.processes, identity_of("n1"))
    work = {"queue": "q", "payload": '{"class":"Good","args":[],"jid":"1"}', "run_at": 1}
    admin.hset(keys.work(identity_of("n1")), "worker", json.dumps(work))


def every_fate(node: Node, admin: redis_py.Redis, keys: Keys) -> None:
    enqueue = node.client.enqueue
    enqueue(Job(queue="q", class_="Good", args=["good"], extra={"verk_after": ["j"]}))
    enqueue(Job(queue="q", class_="Bad", args=["to be retried"]))
    enqueue(Job(queue="q", class_="Bad", args=["dead"], max_retry_count=0))
    enqueue(Job(queue="q", class_="Bad", args=["discarded"], max_retry_count=0, dead=False))
    enqueue(Job(queue="q", class_="BadAtFirst", args=["retried"]))
    node.client.schedule(Job(queue="q", class_="Good", args=["scheduled"]), 0.1)
    admin.lpush(keys.queue("q"), "no job")
    node.log.expect(JobFailed, 4)
    node.log.expect(JobDead, 2)
    node.log.expect(JobMalformed)
    node.log.expect(JobFinished, class_="BadAtFirst")
    node.log.wait_for(lambda: node.jobs.runs["Good", "scheduled"] == 1, "the scheduled job")


def rescues(node: Node, admin: redis_py.Redis, keys: Keys) -> None:
    node.log.wait_for(lambda: node.jobs.runs["Good", "rescued"] == 1, "the job of the dead node")
    eventually(lambda: admin.smembers(keys.nodes) == {node.config.node_id.encode()}, "end of the dead node")


def queues_come_and_go(node: Node) -> None:
    node.system.ask(AddQueue("added", 1))
    node.client.enqueue(Job(queue="added", class_="Waiting", args=[1]))
    node.jobs.gate.wait_started(1)
    node.whereis("presence").ask(Tick())  # tells of a running job
    [run] = node.client.running()
    assert node.client.inspect(run.jid).stack
    node.client.enqueue(Job(queue="added", class_="Good", args=["waits"]))
    node.system.ask(PauseQueue("added"))
    node.jobs.gate.open()
    node.log.expect(QueuePaused)
    node.system.ask(ResumeQueue("added"))
    node.log.expect(JobFinished, queue="added", count=2)
    node.system.ask(RemoveQueue("added"))


def answers_questions(node: Node, config: Config, keys: Keys) -> None:
    [answer] = eventually(lambda: list(node.client.nodes.ask("tree").given.values()), "answer")  # with a lease
    with closing(Connection(config.redis_url, name="asker")) as connection:
        enter_enqueue_and_remove(connection, keys)
    eventually(lambda: node.client.nodes.status(node.config.node_id).is_alive, "lease, which may just have run out")
    assert b"node_manager" in answer


def batches_go_on(node: Node, keys: Keys) -> None:
    good, bad = (Job(queue="q", class_=class_, args=["c"], max_retry_count=0) for class_ in ("Good", "Bad"))
    node.client.batch(chain(good, group(chain(good, bad), good)), on_complete=good, bid="b")
    node.log.wait_for(lambda: any(event.batch.bid == "b" for event in node.log.of(BatchCompleted)), "end of the batch")
    assert len(node.client.batches.members("b", "failed")) == 1
    assert node.client.batches.delete("b")


def work_by_hand(config: Config) -> None:
    with Client(config) as client:
        [dead, *_] = [job for job in client.dead.range() if isinstance(job, Job)]
        assert client.dead.find(str(dead.jid)) is not None
        assert client.dead.requeue(dead)
        assert client.retries.kill(client.retries.range()[0])
        assert client.dead.delete(client.dead.range()[0])
        queue = client.queue("q")
        assert queue.delete(queue.range()[0])
        assert queue.pause() and queue.resume()
        queue.clear()
        client.dead.clear()


def enqueue_more(config: Config) -> None:
    """Push to a queue that has jobs already, as this client has seen."""
    with Client(config) as client:
        for number in range(3):
            client.enqueue(Job(queue="more", class_="Good", args=[number]))
        client.enqueue_many([Job(queue="more", class_="Good", args=[number]) for number in range(1001)])
        unique = Job(queue="more", class_="Good", args=[], unique_for=60)
        assert client.enqueue(unique, once=True) == client.enqueue(unique, on_conflict="return")


def enqueue_with_replicas(config: Config) -> None:
    asking = attrs.evolve(config, wait_replicas=1, wait_replicas_seconds=0.01)
    with Client(asking) as client, pytest.raises(EnqueueUncertain):  # there is no replica, but it may ask
        client.enqueue(Job(queue="q", class_="Good", args=[]))


@pytest.mark.slow  # a server of its own
def test_a_producer_enqueues_and_schedules(access: Access, admin) -> None:
    config = access.config("verk-producer")
    with Client(config) as client:
        client.enqueue_many([Job(queue="q", class_="Good", args=[])])
        client.schedule(good := Job(queue="q", class_="Good", args=[]), 60)
        client.batch(chain(good, good)).add(good)
    enqueue_more(config)
    enqueue_with_replicas(config)

    keys = Keys(access.namespace)
    assert (admin.llen(keys.queue("q")), admin.zcard(keys.schedule), denials(admin)) == (4, 1, set())
    assert admin.smembers(keys.queues) == {b"q", b"more"}


@pytest.mark.slow  # a server of its own
def test_a_reader_sees_what_is_there(access: Access, admin) -> None:
    with Client(access.config("verk-producer")) as client:
        jid = client.enqueue(Job(queue="q", class_="Good", args=[]))
        client.schedule(Job(queue="q", class_="Good", args=[]), 60)
        client.batch([Job(queue="r", class_="Good", args=[])] * 2, bid="b")
    leave_a_dead_node(admin, Keys(access.namespace))
    leave_a_process(admin, Keys(access.namespace))
    with Client(access.config("verk-reader")) as client:
        assert client.queue_names() == ["q", "r"]
        assert client.queue("q").count() == client.scheduled.count() == 1
        assert client.queue("q").latency_seconds() >= 0
        assert sum(counts.processed for counts in client.counters.history(3).values()) == 0
        assert client.recent_classes.last(1) == {}
        assert (client.queue("q").is_paused(), client.paused_queue_names()) == (False, [])
        assert client.queue("q").find(jid) is not None
        assert client.scheduled.find(jid) is None
        assert client.counters.totals().processed == client.counters.of_queue("q").failed == 0
        [node] = [one for one in client.nodes.statuses() if one.node_id == "dead"]
        assert (node.node_id, node.is_alive, node.queues, node.in_progress) == ("dead", False, ("q",), {"q": 1})
        assert [run.class_ for run in client.running()] == ["Good"]
        assert client.cron.list() == []
        assert [len(client.batches.members(one.bid)) for one in client.batches.range()] == [2]
    assert denials(admin) == set()


Attempt = Callable[[redis_py.Redis, Keys], object]

DENIED: list[tuple[str, Attempt]] = [
    ("verk-node", lambda client, keys: client.flushall()),
    ("verk-node", lambda client, keys: client.keys()),
    ("verk-node", lambda client, keys: client.config_get("requirepass")),
    ("verk-node", lambda client, keys: client.execute_command("DEBUG", "SLEEP", 0)),
    ("verk-node", lambda client, keys: client.eval("return 1", 0)),
    ("verk-node", lambda client, keys: client.acl_list()),
    ("verk-node", lambda client, keys: client.get("somebody's")),
    ("verk-node", lambda client, keys: client.set("somebody's", 1)),
    ("verk-node", lambda client, keys: client.publish("channel", "message")),
    ("verk-node", lambda client, keys: client.client_list()),
    ("verk-node", lambda client, keys: client.shutdown(nosave=True)),
    ("verk-producer", lambda client, keys: client.lrange(keys.queue("q"), 0, -1)),
    ("verk-producer", lambda client, keys: client.rpop(keys.queue("q"))),
    ("verk-producer", lambda client, keys: client.delete(keys.queue("q"))),
    ("verk-producer", lambda client, keys: client.zrange(keys.schedule, 0, -1)),
    ("verk-producer", lambda client, keys: client.lpush(keys.in_progress("q", "n1"), "job")),
    ("verk-producer", lambda client, keys: client.zadd(keys.retry, {"job": 1})),
    ("verk-producer", lambda client, keys: client.get(keys.processed)),
    ("verk-reader", lambda client, keys: client.lpush(keys.queue("q"), "job")),
    ("verk-reader", lambda client, keys: client.lmove(keys.queue("q"), keys.queue("q"))),
    ("verk-reader", lambda client, keys: client.delete(keys.dead)),
    ("verk-reader", lambda client, keys: client.script_load("return 1")),
    ("verk-reader", lambda client, keys: client.get("somebody's")),
]


@pytest.mark.slow  # a server of its own
def test_each_user_is_denied_what_it_is_not_for(access: Access) -> None:
    keys, allowed = Keys(access.namespace), []
    for number, (user, attempt) in enumerate(DENIED):
        with access.as_user(user) as client:
            try:
                attempt(client, keys)
            except redis_py.exceptions.NoPermissionError:
                continue
            allowed.append((number, user))
    assert allowed == []


@pytest.mark.slow  # a server of its own
def test_the_rules_that_newer_servers_may_have_too_are_ones_that_they_know(access: Access, admin) -> None:
    for user in rules():
        admin.execute_command("ACL", "SETUSER", user, "+role", "+cluster|slots", "+exists")
        if access.server.program != "redis-server":
            admin.execute_command("ACL", "SETUSER", user, "+client|setinfo")

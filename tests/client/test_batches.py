"""A batch is made in one step, with all that it consists of, or not at all."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator

import attrs
import pytest

from verk_actors import testing
from verk_actors.client import Client, Scheduled
from verk_actors.client.async_client import AsyncClient
from verk_actors.client.batch import Batch
from verk_actors.client.detour import NotDiverted
from verk_actors.client.workflow import chain, group
from verk_actors.errors import EnqueueUncertain, InvalidJob, StoreError
from verk_actors.jobs.endings import Discard
from verk_actors.settings.config import Config
from verk_actors.settings.queues import QueueConfig
from verk_actors.store.batch_status import BatchExists, BatchInBatch, BatchNotOpen
from verk_actors.wire.job import Job

NOW = 1_750_000_000.0


@pytest.fixture
def client(config: Config) -> Iterator[Client]:
    with Client(config, clock=lambda: NOW) as client:
        yield client


def job(key: object = None, **options: object) -> Job:
    return Job(**{"class_": "C", "args": [key], "queue": "q"} | options)


def test_its_members_are_in_their_queues_and_bear_its_id(client: Client, redis) -> None:
    batch = client.batch([job(1), Scheduled(job(2), 60), job(3, queue="r")], description="three", bid="three")

    assert batch.bid == "three"
    members = [*client.queue("q").range(), *client.scheduled.range(), *client.queue("r").range()]
    assert [(one.args, one.batch) for one in members if isinstance(one, Job)] == [([n], "three") for n in (1, 2, 3)]
    assert redis.smembers("verk:batch:three:pending") == {jid.encode() for jid in batch.jids}
    assert redis.zscore("schedule", redis.zrange("schedule", 0, 0)[0]) == NOW + 60
    status = client.batches.get("three")
    assert status is not None
    assert (status.description, status.total, status.pending, status.state) == ("three", 3, 3, "running")
    assert (status.created_at, status.expires_at) == (NOW, NOW + 30 * 86_400)
    assert batch.status() == status


def test_many_members_are_one_transaction(client: Client, redis) -> None:
    batch = client.batch([job(n, queue="qr"[n % 2]) for n in range(2500)])

    assert redis.llen("queue:q") == redis.llen("queue:r") == 1250
    assert redis.scard(f"verk:batch:{batch.bid}:pending") == 2500
    assert [json.loads(payload)["args"] for payload in redis.lrange("queue:r", -3, -1)] == [[5], [3], [1]]


@pytest.mark.parametrize("spoiled", ["queue:r", "schedule", "verk:batches", "verk:batches:due", "queues"])
def test_nothing_is_there_of_a_batch_that_redis_refuses(client: Client, redis, spoiled: str, snapshot) -> None:
    redis.set(spoiled, "text")
    before = snapshot()

    with pytest.raises(StoreError, match="WRONGTYPE"):
        client.batch([*(job(n) for n in range(1200)), Scheduled(job(), 60), job(queue="r")])

    assert snapshot() == before


def test_what_can_not_be_in_a_batch_is_refused(client: Client, config: Config, snapshot) -> None:
    for work, field in (
        ([job(), job(unique_for=60)], "unique_for"),
        ([job({1})], "args"),
        (group(job(jid="1"), chain(job(), job(jid="1"))), "jid"),
    ):
        with pytest.raises(InvalidJob) as raised:
            client.batch(work)
        assert raised.value.field.startswith(field)
    for terms in ({"bid": "a:b"}, {"on_complete": "C"}, {"description": "x" * 1001}, {"expires_in": 0}, {"parent": ""}):
        with pytest.raises(InvalidJob) as raised:
            client.batch([job()], **terms)
        assert raised.value.field == next(iter(terms))
    with pytest.raises(InvalidJob, match="unique"):
        client.batch([job()], on_success=job(unique_for=5))
    for wrong in (lambda: chain(job(), "C"), lambda: group(job()) | "C", lambda: ["C"] | chain(job())):
        with pytest.raises(TypeError, match="part of a workflow"):
            wrong()
    for unfit in (group(job()), chain(job()), "C"):
        with pytest.raises(TypeError, match="not of a list with a"):
            client.batch([job(), unfit])
        with pytest.raises(TypeError, match="not of a list with a"), client.batch() as batch:
            batch.add(unfit)
    elsewhere = attrs.evolve(config, queues={"far": QueueConfig(redis_url="redis://127.0.0.1:1/0")})
    with Client(elsewhere) as other, pytest.raises(InvalidJob, match="on one server"):
        other.batch([job()], on_complete=job(queue="far"))
    assert snapshot() == {}


def test_an_id_is_given_once(client: Client) -> None:
    client.batch([job()], bid="one")
    with pytest.raises(BatchExists, match="one"):
        client.batch([job(), job()], bid="one")

    assert client.queue("q").count() == 1


def test_jobs_are_added_while_it_runs_and_not_when_it_is_complete(client: Client, redis) -> None:
    batch = client.batch([job(1)], bid="b")
    assert len(batch.add(job(2), job(3))) == 2
    assert batch.add() == []
    assert client.batches.get("b").total == client.queue("q").count() == 3

    redis.hset("verk:batch:b", "completed_at", NOW)
    redis.delete("verk:batch:b:pending")
    with pytest.raises(BatchNotOpen, match="takes no members"):
        batch.add(job(4))
    with pytest.raises(BatchNotOpen, match="b"):
        client.batch([job()], parent="b", bid="child")
    with pytest.raises(BatchNotOpen, match="nobodys"):
        client.batch([job()], parent="nobodys")
    assert client.queue("q").count() == 3
    assert client.batches.get("child") is None


def test_a_member_that_is_given_another_try_may_add_others_though_the_batch_was_complete(client: Client, redis) -> None:
    """As a crawler's page does that is put back from the dead set, once its mistake is mended."""
    batch = client.batch([job(1)], bid="b")
    redis.hset("verk:batch:b", "completed_at", NOW)

    batch.add(job(2))

    assert client.batches.get("b").pending == 2


def test_with_once_each_id_is_added_once_also_when_the_batch_has_ended_since(
    client: Client, config: Config, redis
) -> None:
    jobs = [job(n, jid=f"j{n}") for n in range(4)]
    batch = client.batch([job()], bid="b")
    uncertain = attrs.evolve(config, wait_replicas=1, wait_replicas_seconds=0.01)
    with Client(uncertain) as careful, pytest.raises(EnqueueUncertain) as raised:
        Batch(careful._batching, "b").add(*jobs[:2], once=True)

    assert raised.value.jids == ("j0", "j1")
    assert batch.add(*jobs[:2], once=True) == ["j0", "j1"]
    assert batch.add(*jobs, once=True) == ["j0", "j1", "j2", "j3"]
    client.enqueue(job(jid="j5"), once=True)
    assert batch.add(job(jid="j5"), once=True) == ["j5"]
    assert client.batches.get("b").total == 5
    assert client.queue("q").count() == 6
    assert 86_000 < redis.ttl("verk:once:j3") <= 86_400

    redis.delete("verk:batch:b:pending")
    assert batch.add(*jobs, once=True) == ["j0", "j1", "j2", "j3"]
    with pytest.raises(BatchNotOpen):
        batch.add(*jobs, job(jid="j6"), once=True)


def test_a_with_collects_and_makes_it_at_its_end_unless_that_fails(client: Client) -> None:
    with client.batch(description="collected") as batch:
        jids = batch.add(job(1), Scheduled(job(2), 60)) + batch.add(job(3))
        assert batch.status() is None
        assert client.queue("q").count() == 0
    assert client.batches.get(batch.bid).total == 3
    assert {one.jid for one in client.queue("q").range()} < set(jids)
    assert batch.jids == jids

    with pytest.raises(ZeroDivisionError), client.batch() as batch:
        batch.add(job(4))
        raise ZeroDivisionError
    assert batch.status() is None
    assert client.queue("q").count() == 2


def test_only_the_first_step_of_a_workflow_is_enqueued(client: Client, redis) -> None:
    inner = chain(job("b1"), job("b2"))
    batch = client.batch(group(job("a"), inner) | group(job("c"), chain(job("d"), job("e"))), bid="w")

    assert sorted(one.args[0] for one in client.queue("q").range()) == ["a", "b1"]
    status = client.batches.get("w")
    assert (status.stage, status.stages, status.total, status.pending, status.waiting) == (1, 2, 4, 2, 2)
    assert len(batch.jids) == 6
    [nested] = [member.id for member in client.batches.members("w") if member.is_batch]
    within = client.batches.get(nested)
    assert (within.parent, within.stages, within.stage) == ("w", 2, 1)
    assert [one.bid for one in client.batches.range()] == ["w"]
    [step] = [key for key in redis.keys("verk:batch:*:steps") if redis.hexists(key.removesuffix(b":steps"), "held")]
    held = client.batches.get(step.decode().split(":")[2])
    assert (held.state, held.stage, held.waiting) == ("waiting", 0, 2)


def test_a_chain_of_which_middleware_leaves_nothing_is_not_waited_for(config: Config, redis) -> None:
    with Client(attrs.evolve(config, client_middleware=[_halting])) as client:
        client.batch(group(chain(job("halt"), job("halt")), job(1)) | group(chain(job("halt"), job("halt"))), bid="w")

        status = client.batches.get("w")
        assert (status.total, status.pending, status.stages) == (1, 1, 1)
        assert [one.bid for one in client.batches.range()] == ["w"]


def _halting(job: Job, push: Callable[[Job], Job]) -> Job:
    if job.args == ["halt"]:
        raise Discard("halted")
    return push(job)


def test_each_step_knows_the_jids_of_the_one_before(client: Client, redis) -> None:
    batch = client.batch(chain(job("a"), group(chain(job("b1"), job("b2")), job("c")), job("d")))
    steps = [text for key in redis.keys("verk:batch:*:steps") for text in redis.lrange(key, 0, -1)]
    payloads = [json.loads(text) for text in steps if text.startswith(b"{")]
    jid = {one["args"][0]: one["jid"] for one in payloads} | {"a": batch.jids[0]}

    after = {one["args"][0]: one.get("verk_after") for one in payloads}

    assert after == {"b1": [jid["a"]], "b2": [jid["b1"]], "c": [jid["a"]], "d": [jid["b2"], jid["c"]]}


def test_they_are_listed_from_the_last_one_made_and_deleted_with_those_within(client: Client, redis) -> None:
    for number in range(3):
        with Client(client._config, clock=lambda number=number: NOW + number) as at:
            at.batch(chain(job(), job()) | group(chain(job(), job()), job()), bid=f"b{number}")
    child = client.batch([job()], parent="b1")

    assert [one.bid for one in client.batches.range()] == ["b2", "b1", "b0"]
    assert [one.bid for one in client.batches.range(1, 1)] == ["b1"]
    assert client.batches.count() == 3
    with pytest.raises(BatchInBatch, match="b1"):
        client.batches.delete(child.bid)
    assert client.batches.delete("b1")
    assert client.batches.get(child.bid) is None
    assert [client.batches.delete(bid) for bid in ("b1", "b0", "b2")] == [False, True, True]
    assert not redis.keys("verk:batch*")
    assert client.batches.members("b1") == []
    assert client.queue("q").count() == 4


def test_where_the_reply_is_lost_it_is_uncertain(client: Client, config: Config, redis) -> None:
    uncertain = attrs.evolve(config, wait_replicas=1, wait_replicas_seconds=0.01)
    with Client(uncertain) as careful, pytest.raises(EnqueueUncertain) as raised:
        careful.batch([job(1), job(2)], bid="b")
    assert len(raised.value.jids) == 2
    with pytest.raises(BatchExists):
        client.batch([job(1), job(2)], bid="b")


def test_in_a_test_without_a_redis_there_is_none(client: Client) -> None:
    with testing.fake(), pytest.raises(NotDiverted, match=r"testing\.real"):
        client.batch([job()])


def test_members_are_written_in_either_form(config: Config, redis) -> None:
    with Client(attrs.evolve(config, wire_format="verk")) as client:
        client.batch([job(1)], bid="b")
        [member] = client.queue("q").range()
        assert (member.batch, member.wire_format) == ("b", "verk")


def test_on_an_event_loop_it_is_awaited(config: Config) -> None:
    async def make() -> None:
        async with AsyncClient(config) as client:
            async with await client.batch(description="collected") as batch:
                await batch.add(job(1), job(2))
            status = await batch.status()
            assert status is not None
            assert (status.total, len(batch.jids), batch.bid) == (2, 2, status.bid)
            assert await client.batches.get(batch.bid) == status
            made = await client.batch([job(3)], parent=batch.bid)
            assert (await client.batches.members(batch.bid))[0].id in {*batch.jids, made.bid}
            assert await client.current_batch() is None

    asyncio.run(make())

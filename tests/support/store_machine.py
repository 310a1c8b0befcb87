"""All that the store can do, in any order, each thing also done to the model. For hypothesis to drive.

Jobs are in Verk's form and have been enqueued once, so that a move leaves their bytes as they are.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import attrs
import pytest
import redis as redis_py
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from support.store_held import KEYS, NODES, QUEUES, all_held, key_of
from support.store_model import (
    DEAD_TIMEOUT_SECONDS,
    MAX_BYTES,
    MAX_DEAD_JOBS,
    NOW,
    StoreModel,
    jid_of,
    queue_of,
    rewritten,
)
from verk_actors.errors import MalformedJob, StoreError
from verk_actors.store.commands import Commands
from verk_actors.store.due import DueJobs
from verk_actors.store.exchange import InProgress, Limits, Settlement
from verk_actors.store.job_sets import DeadSet, RetrySet, ScheduleSet
from verk_actors.store.nodes import Nodes
from verk_actors.store.queue import Queue
from verk_actors.wire.bookkeeping import restore

EQUAL = [b'{"args":"[]","class":"W","enqueued_at":1,"jid":"equal","queue":"%s"}' % queue for queue in (b"q", b"r")]
NO_JOBS = [b"no job", b'{"args":"[]","class":"W","jid":"lost"}']
SCORES = (850.0, 950.0, 4e9)  # too old for the dead set; due; not due

queues, nodes, picks = st.sampled_from(QUEUES[:2]), st.sampled_from(NODES), st.integers(0, 9)
tokens, sets, pending = st.sampled_from("tttu"), st.sampled_from(["retry", "schedule", "dead"]), st.booleans()
kinds = st.sampled_from(["ack", "retry", "dead", "discard", "snooze", "bury", "requeue"])
scores = st.sampled_from(SCORES)


class Store(RuleBasedStateMachine):
    """One Redis, two nodes, two queues. Each rule does the same to the store and to the model.

    `again` does it a second time, as one must after a lost reply.
    """

    redis: redis_py.Redis
    commands: Commands

    def __init__(self) -> None:
        super().__init__()
        self.redis.flushdb()
        self.model = StoreModel()
        self.due = DueJobs(self.commands, KEYS)
        self.nodes = Nodes(self.commands, KEYS)
        self.sets = {
            "retry": RetrySet([self.commands], KEYS, lambda: NOW),
            "schedule": ScheduleSet([self.commands], KEYS, lambda: NOW),
            "dead": DeadSet([self.commands], KEYS, lambda: NOW),
        }
        self.made = 0
        self.alive: set[str] = set()  # jids of jobs that must be in exactly one place

    @initialize(some=st.lists(picks, max_size=6), leases=st.sets(nodes))
    def begin_in_the_middle(self, some: list[int], leases: set[str]) -> None:
        self.enqueue("q", some, False)
        for node in leases:
            self.heartbeat(node, "t", "t", {"q"}, False)
            self.exchange("q", node, "t", [], 4, False)

    # -- what is used

    def new_payload(self, queue: str, pick: int) -> bytes:
        """Return a job of its own, or at times one that is equal to others, or none at all."""
        if pick < 4:
            return EQUAL[QUEUES.index(queue)]
        if pick == 4:
            return NO_JOBS[self.made % 2]
        self.made += 1
        jid = f"job{self.made}"
        self.alive.add(jid)
        return b'{"args":"[]","class":"W","enqueued_at":1,"jid":"%s","queue":"%s"}' % (jid.encode(), queue.encode())

    def same(self, again: bool, real: Any, model: Any) -> Any:
        """Do a thing, and once more if the reply was lost; both must answer alike."""
        for _ in range(1 + again):
            wanted = model()
            try:
                got = real()
            except StoreError as error:
                assert wanted is None, f"refused: {error}"
            else:
                assert wanted is not None, f"not refused, but answered: {got}"
                assert got == wanted
        return wanted

    def gone(self, payload: bytes) -> None:
        """Note that a job has ended."""
        self.alive.discard(jid_of(payload))

    # -- jobs

    @rule(queue=queues, some=st.lists(picks, max_size=4), again=st.booleans())
    def enqueue(self, queue: str, some: list[int], again: bool) -> None:
        payloads = [self.new_payload(queue, pick) for pick in some]
        if queue in self.model.spoiled:
            self.alive -= {jid_of(payload) for payload in payloads}
        again = again and not any(jid_of(payload) in self.alive for payload in payloads)
        self.same(
            again,
            lambda: Queue(self.commands, KEYS, queue).push(*payloads),
            lambda: self.model.enqueue(queue, payloads),
        )

    @rule(queue=queues, pick=picks, score=scores)
    def schedule(self, queue: str, pick: int, score: float) -> None:
        if "schedule" not in self.model.spoiled:
            payload = self.new_payload(queue, pick)
            self.sets["schedule"].add(payload, score)
            self.model.sets["schedule"][payload] = score

    @rule(
        queue=queues,
        node=nodes,
        token=tokens,
        fates=st.lists(st.tuples(kinds, picks, scores), max_size=4),
        fetch=st.integers(0, 4),
        again=st.booleans(),
    )
    def exchange(
        self, queue: str, node: str, token: str, fates: list[tuple[Any, int, float]], fetch: int, again: bool
    ) -> None:
        limits = Limits(max_bytes=MAX_BYTES, max_dead_jobs=MAX_DEAD_JOBS, dead_timeout_seconds=DEAD_TIMEOUT_SECONDS)
        in_progress = InProgress(self.commands, KEYS, queue, node, limits)
        listed = self.model.in_progress[queue, node] or [EQUAL[0]]
        settlements = []
        for kind, pick, score in fates:
            payload = listed[pick % len(listed)] if pick else EQUAL[0]
            settlements.append(Settlement(kind, payload, rewritten(payload), score))
        dead_before = set(self.model.sets["dead"])
        answers: list[Any] = []

        def model() -> Any:
            answers.append(self.model.exchange(queue, node, token, settlements, fetch))
            return answers[-1]

        def real() -> Any:
            done = in_progress.exchange(token, settlements, fetch, NOW)
            assert (done.refusal is None) == (None not in done.settled)
            return done.status.split()[0], done.settled, done.payloads, done.trimmed

        self.same(again, real, model)
        for answer in filter(None, answers):
            for settlement, done in zip(settlements, answer[1], strict=True):
                if done and settlement.kind in ("ack", "discard"):
                    self.gone(settlement.payload)
                elif done and settlement.kind in ("dead", "bury"):
                    dead_before.add(settlement.new)
        for payload in dead_before - set(self.model.sets["dead"]):
            self.gone(payload)  # trimmed

    @rule(
        node=nodes,
        some=st.lists(picks, max_size=3),
        spoilt=st.sampled_from(["q", "retry", "dead", "", "", ""]),
        fates=st.lists(st.tuples(kinds, picks, scores), min_size=1, max_size=4),
    )
    def work(self, node: str, some: list[int], spoilt: str, fates: list[tuple[Any, int, float]]) -> None:
        """Do what a node does all day, with something to do."""
        if node not in self.model.leases:
            self.heartbeat(node, "t", "t", {"q"}, False)
        token = self.model.leases[node]
        self.enqueue("q", some, False)
        self.exchange("q", node, token, [], 4, False)
        if spoilt:
            self.spoil(spoilt)
        self.exchange("q", node, token, fates, 2, False)

    @rule(limit=st.integers(1, 3), pages=st.integers(1, 3), again=st.booleans())
    def promote(self, limit: int, pages: int, again: bool) -> None:
        def real() -> Any:
            done = self.due.promote(limit, pages)
            return done.moved, done.malformed, done.refused

        if "schedule" not in self.model.spoiled:
            self.same(again, real, lambda: self.model.promote(limit, pages, 1e9))

    @rule(name=sets, pick=picks, again=st.booleans())
    def requeue(self, name: str, pick: int, again: bool) -> None:
        payload = self.member(name, pick)
        bytes_of = restore(payload)
        restored, queue = (payload, queue_of(payload)) if bytes_of is None else (bytes_of, "default")
        if queue is None:
            with pytest.raises(MalformedJob):
                self.sets[name].requeue(payload)
        else:
            self.same(
                again,
                lambda: self.sets[name].requeue(payload),
                lambda: self.model.requeue(name, payload, queue, restored),
            )

    @rule(retry=pending, pick=picks, again=st.booleans())
    def kill(self, retry: bool, pick: int, again: bool) -> None:
        name = "retry" if retry else "schedule"
        payload = self.member(name, pick)
        kept = self.sets[name]
        self.same(again, lambda: kept.kill(payload), lambda: self.model.kill(name, payload))  # type: ignore[attr-defined]

    @rule(name=sets, pick=picks)
    def delete(self, name: str, pick: int) -> None:
        payload = self.member(name, pick)
        if name not in self.model.spoiled and pick > 6:  # not so often that the sets stay empty
            assert self.sets[name].delete(payload) == (payload in self.model.sets[name])
            if self.model.sets[name].pop(payload, None):
                self.gone(payload)

    def member(self, name: str, pick: int) -> bytes:
        members = sorted(self.model.sets[name]) or [EQUAL[0]]
        return members[pick % len(members)]

    # -- nodes

    @rule(node=nodes, token=tokens, fresh=tokens, some=st.sets(queues), again=st.booleans())
    def heartbeat(self, node: str, token: str, fresh: str, some: set[str], again: bool) -> None:
        def real() -> Any:
            return attrs.astuple(self.nodes.heartbeat(node, token, 60_000, sorted(some), fresh))[:2]

        self.same(again, real, lambda: self.model.heartbeat(node, token, sorted(some), fresh))

    @rule(node=nodes)
    def lease_ends(self, node: str) -> None:
        self.redis.pexpire(KEYS.node(node), 0)
        self.model.leases.pop(node, None)

    @rule(node=nodes, limit=st.sampled_from([1, 9]), most=st.integers(1, 3))
    def die(self, node: str, limit: int, most: int) -> None:
        self.lease_ends(node)
        self.rescue(node, "q", limit, most, False)

    @rule(node=nodes, queue=queues, limit=st.integers(1, 3), most=st.integers(1, 3), again=st.booleans())
    def rescue(self, node: str, queue: str, limit: int, most: int, again: bool) -> None:
        def real() -> Any:
            rescued = self.nodes.rescue(node, queue, limit=limit, max_recoveries=most)
            return rescued.alive, rescued.moved, rescued.left, rescued.poison

        self.same(again, real, lambda: self.model.rescue(node, queue, limit, most))

    @rule(node=nodes, token=st.sampled_from(["t", "u", None]), again=st.booleans())
    def deregister(self, node: str, token: str | None, again: bool) -> None:
        self.same(again, lambda: self.nodes.deregister(node, token), lambda: self.model.deregister(node, token))

    # -- keys of the wrong type

    @rule(name=st.sampled_from(["q", "retry", "dead"]))
    def spoil(self, name: str) -> None:
        if not (self.model.queues[name] if name == "q" else self.model.sets[name]):
            self.redis.set(key_of(name), "something else")
            self.model.spoiled.add(name)

    @rule(name=st.sampled_from(["q", "retry", "dead"]))
    def repair(self, name: str) -> None:
        if name in self.model.spoiled:
            self.redis.delete(key_of(name))
            self.model.spoiled.remove(name)

    # -- what must hold after each step

    @invariant()
    def the_store_holds_what_the_model_holds(self) -> None:
        self.model.take_over(self.redis.zrange(KEYS.dead, 0, -1, withscores=True) if self.model.enveloped else [])
        model, held = self.model, all_held(self.redis, self.model)
        assert held["queues"] == {queue: model.queues[queue] for queue in QUEUES}
        assert held["in_progress"] == {(q, n): model.in_progress[q, n] for q in QUEUES[:2] for n in NODES}
        assert held["sets"] == model.sets
        assert held["leases"] == {node: model.leases.get(node) for node in NODES}
        assert held["registered"] == model.registered
        assert held["node_queues"] == {node: model.node_queues[node] for node in NODES}
        assert held["queue_names"] == model.queue_names
        assert held["recovered"] == +model.recovered
        assert held["counters"] == +model.counters

    @invariant()
    def each_job_that_has_not_ended_is_in_one_place(self) -> None:
        model = self.model
        places = [*model.queues.values(), *model.in_progress.values(), *model.sets.values()]
        copies = Counter(jid_of(payload) for place in places for payload in place)
        assert {jid: count for jid, count in copies.items() if jid.startswith("job")} == dict.fromkeys(self.alive, 1)

    @invariant()
    def what_is_in_progress_is_known_to_rescuers(self) -> None:
        for (queue, node), listed in self.model.in_progress.items():
            assert not listed or queue in self.model.node_queues[node]

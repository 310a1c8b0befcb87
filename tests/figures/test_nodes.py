"""Nodes in numbers: what leases tell, with what nodes tell of themselves."""

from __future__ import annotations

from verk_actors.figures.nodes import NodeFigures, merged
from verk_actors.store.all_nodes import NodeStatus
from verk_actors.store.processes import ProcessStatus


def status(node_id: str, **fields: object) -> NodeStatus:
    known = {"is_alive": True, "queues": ("q",), "in_progress": {"q": 2}, "heartbeat_age_seconds": 1.0}
    return NodeStatus(node_id=node_id, **known | {"is_quiet": False, "program": "verk_actors"} | fields)  # type: ignore[arg-type]


def test_a_node_that_tells_of_itself_on_two_servers_is_one():
    told = [
        ProcessStatus(node="n", is_ours=True, hostname="vm", queues=("a",), concurrency=3, busy=1, beat_age_seconds=1),
        ProcessStatus(node="n", is_ours=True, hostname="vm", queues=("b",), concurrency=2, busy=0, beat_age_seconds=4),
    ]

    assert merged([status("n", queues=("a", "b"), in_progress={"a": 2, "b": 1})], told) == (
        NodeFigures(
            node="n", program="verk_actors", state="running", takes_signals=True, hostname="vm", queues=("a", "b"),
            concurrency=5, busy=1, in_progress=3, beat_age_seconds=4,
        ),
    )  # fmt: skip


def test_nodes_are_dead_quiet_or_silent_as_their_leases_and_words_say():
    quiet = ProcessStatus(node="quiet", is_ours=True, is_quiet=True)
    nodes = [
        status("quiet", is_quiet=True),
        status("silent", is_quiet=None),
        status("dead", is_alive=False, is_quiet=None, program=None),
        status("verk", is_quiet=None, program="verk"),
    ]

    assert [(one.node, one.program, one.state, one.takes_signals) for one in merged(nodes, [quiet])] == [
        ("quiet", "verk_actors", "quiet", True),
        ("silent", "verk_actors", "running", False),
        ("dead", "unknown", "dead", False),
        ("verk", "verk", "running", False),
    ]


def test_processes_of_sidekiq_come_last_and_hold_what_only_they_know():
    sidekiq = ProcessStatus(node="vm:1:2", is_ours=False, busy=1, concurrency=10)
    stopped = ProcessStatus(node="gone", is_ours=True)

    assert [(one.node, one.program, one.in_progress) for one in merged([status("n")], [sidekiq, stopped])] == [
        ("n", "verk_actors", 2),
        ("vm:1:2", "sidekiq", None),
    ]

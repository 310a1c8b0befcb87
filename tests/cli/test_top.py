"""`verk top`: what each tab shows of a node with jobs of every fate, and what each key does in Redis."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import pytest
from support.eventually import eventually
from support.jobs import JobKit
from support.nodes import Node, running_node
from support.source import REPOSITORY
from textual.pilot import Pilot
from textual.widgets import DataTable, Static

from verk_actors.cli.top import tables
from verk_actors.cli.top.actions import ACTIONS
from verk_actors.cli.top.screen import Top
from verk_actors.client import Client
from verk_actors.events import JobDead, JobFailed, JobFinished, JobStarted
from verk_actors.settings.config import Config
from verk_actors.tree.messages import Tick
from verk_actors.wire.job import Job

pytestmark = pytest.mark.slow  # a screen is laid out


@pytest.fixture
def node(config: Config, monkeypatch: pytest.MonkeyPatch) -> Iterator[Node]:
    """Return a node that runs a job, with one in each set and one that waits in a queue that nobody works."""
    monkeypatch.setattr(tables, "_ANSWER_SECONDS", 4.0)  # the machine may be busy; the connection waits for five
    kit = JobKit()
    kit.retry_seconds = 1000.0  # by the curve it could be due before a screen has shown it
    with running_node(config, kit, queues={"q": 2}, cancel_grace_seconds=3600.0) as node:
        jobs = [
            Job(class_="Good", args=[1], queue="q"),
            Job(class_="Bad", args=[2], queue="q", jid="again"),
            Job(class_="Bad", args=[3], queue="q", jid="dead", max_retry_count=0),
            Job(class_="Waiting", args=[4], queue="q", jid="runs"),
            Job(class_="Good", args=[5], queue="other", jid="waits"),
        ]
        node.client.enqueue_many(jobs)
        node.client.schedule(Job(class_="Good", args=[6], queue="q", jid="later"), 1000)
        node.jobs.gate.wait_started(1)
        node.log.expect(JobFinished)
        node.log.expect(JobFailed, 2)
        node.log.expect(JobDead)
        node.whereis("presence").ask(Tick())
        yield node


def on_screen(client: Client, steps: Callable[[Pilot[None]], Awaitable[None]]) -> None:
    """Take steps on a screen that looks only when it is told to."""

    async def run() -> None:
        app = Top(client, 3600.0)
        async with app.run_test(size=(120, 30)) as pilot:
            await settled(pilot)
            await steps(pilot)

    asyncio.run(run())


async def settled(pilot: Pilot[None]) -> None:
    await pilot.pause()
    while list(pilot.app.workers):  # what was read is shown, and may be read anew
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()


async def press(pilot: Pilot[None], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await settled(pilot)


def lines(pilot: Pilot[None], tab: str) -> list[list[str]]:
    table = pilot.app.query_one(f"#{tab}-table", DataTable)
    return [[str(cell) for cell in table.get_row_at(number)] for number in range(table.row_count)]


def text(pilot: Pilot[None], selector: str) -> str:
    return str(pilot.app.query_one(selector, Static).render())


def asked_to_end(node: Node) -> list[bool]:
    """Return of each running job whether it was asked to end."""
    return [one.cancel is not None for one in node.state.queues["q"].running_jobs.running()]


def test_each_tab_shows_what_is_there(node: Node) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        assert text(pilot, "#totals") == "processed 3   failed 2   waiting 1   retry 1   scheduled 1   dead 1"
        assert [line[:3] + line[4:] for line in lines(pilot, "queues")] == [
            ["other", "unworked", "1", "0", "0", "0"],
            ["q", "running", "0", "1", "3", "2"],
        ]
        await press(pilot, "2")
        assert [line[:4] for line in lines(pilot, "busy")] == [["runs", "Waiting", "q", node.config.node_id]]
        for key, tab, jid, class_ in (("3", "retry", "again", "Bad"), ("4", "scheduled", "later", "Good")):
            await press(pilot, key)
            [line] = lines(pilot, tab)
            assert line[:3] == [jid, class_, "q"]
            assert line[4].startswith("in ")
        await press(pilot, "5")
        assert lines(pilot, "dead")[0][0] == "dead"
        await press(pilot, "6")
        assert [line[:3] for line in lines(pilot, "nodes")] == [[node.config.node_id, "verk_actors", "running"]]
        await press(pilot, "7")
        assert text(pilot, "#tree-text").startswith(f"node {node.config.node_id}\nactor_system")
        assert "q.worker_1" in text(pilot, "#tree-text")

    on_screen(node.client, steps)


def test_keys_act_on_the_queue_or_node_under_the_cursor_and_ask_where_something_is_lost(node: Node) -> None:
    client = node.client

    async def steps(pilot: Pilot[None]) -> None:
        await press(pilot, "d")  # of another tab
        assert len(pilot.app.screen_stack) == 1
        await press(pilot, "p")
        assert client.paused_queue_names() == ["other"]
        await press(pilot, "p", "c", "enter")  # no is where the cursor is
        assert (client.paused_queue_names(), client.queue("other").count()) == ([], 1)
        await press(pilot, "c", "y")
        assert client.queue("other").count() == 0
        await press(pilot, "6", "t")

    on_screen(client, steps)
    node.whereis("presence").ask(Tick())
    eventually(lambda: node.state.queues["q"].paused, "the pause")
    node.jobs.gate.open()


def test_keys_act_on_the_job_under_the_cursor_and_ask_where_something_is_lost(node: Node) -> None:
    client = node.client

    async def steps(pilot: Pilot[None]) -> None:
        await press(pilot, "2", "x", "y")
        eventually(lambda: asked_to_end(node) == [True], "the Canceller's word to the job")
        node.jobs.gate.open()
        await press(pilot, "3", "k", "y")
        assert client.retries.find("again") is None
        assert client.dead.find("again") is not None
        await press(pilot, "5")
        again = lines(pilot, "dead")[0][0]
        await press(pilot, "r")
        node.log.expect(JobStarted, count=2, jid=again)
        gone = lines(pilot, "dead")[0][0]
        await press(pilot, "d", "y")
        assert client.dead.find(gone) is None

    on_screen(client, steps)


def test_where_redis_is_away_the_screen_says_so_and_goes_on(config: Config, monkeypatch) -> None:
    with Client(Config(redis_url="unix:///nowhere/redis.sock")) as client:

        async def steps(pilot: Pilot[None]) -> None:
            assert "/nowhere/redis.sock" in text(pilot, "#trouble")
            with Client(config) as found:
                pilot.app._client = found  # type: ignore[attr-defined]
                await press(pilot, "f5")
                assert not pilot.app.query_one("#trouble").display
                assert "No queue has had a job yet" in text(pilot, "#queues-empty")
                await press(pilot, "q")

        on_screen(client, steps)


def test_the_documentation_has_the_keys_of_each_tab() -> None:
    said = (REPOSITORY / "docs/top.md").read_text()
    rows = [line.strip("| ").split(" | ") for line in said.splitlines() if line.startswith("| `")]

    assert [(row[0].strip("`"), row[2]) for row in rows] == [
        (tab, ", ".join(f"`{action.key}` {action.name}" for action in actions) or "none")
        for tab, actions in ACTIONS.items()
    ]

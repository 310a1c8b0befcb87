"""What `verk top` shows, read through a client: the totals, and the table of one tab."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from verk_actors.cli.amounts import distance
from verk_actors.cli.places import SETS, Place
from verk_actors.cli.tables import NODE_HEADINGS, QUEUE_HEADINGS, RUN_HEADINGS, node_line, queue_line, run_line
from verk_actors.client import Client
from verk_actors.drawing.tree_text import draw
from verk_actors.errors import loggable
from verk_actors.figures.nodes import read_nodes
from verk_actors.figures.queues import read_queues
from verk_actors.figures.stats import read_stats
from verk_actors.otp import Supervision, SystemClock
from verk_actors.store.job_filter import ALL_JOBS
from verk_actors.store.members import Malformed
from verk_actors.store.requests import read_answer

_MOST = 200  # rows; more is what `verk jobs` is for
_ANSWER_SECONDS = 1.0


@attrs.frozen
class Row:
    """A line of a table.

    Attributes:
        key: what the cursor stays on when lines come and go.
        cells: texts, fit for a terminal, and numbers.
        subject: what actions act on.
    """

    key: str
    cells: tuple[str | int, ...]
    subject: Any = attrs.field(repr=False)


@attrs.frozen
class Table:
    """The table of a tab.

    Attributes:
        empty: what is said where there is no line.
    """

    headings: tuple[str, ...]
    rows: tuple[Row, ...]
    empty: str


@attrs.frozen(kw_only=True)
class View:
    """All that is shown at a time: the totals, and the table or the text of one tab."""

    tab: str
    totals: Mapping[str, int]
    table: Table | None
    text: str = ""


def read(client: Client, tab: str) -> View:
    """Return what is to be shown now with a tab open."""
    stats = read_stats(client, SystemClock.time())
    totals = {
        "processed": stats.processed,
        "failed": stats.failed,
        "waiting": stats.enqueued,
        "retry": stats.retries,
        "scheduled": stats.scheduled,
        "dead": stats.dead,
    }
    if tab == "tree":
        return View(tab=tab, totals=totals, table=None, text=_trees(client))
    return View(tab=tab, totals=totals, table=_TABLES[tab](client))


def _queues(client: Client) -> Table:
    rows = (Row(one.name, queue_line(one), one.name) for one in read_queues(client, client.queue_names()))
    return Table(QUEUE_HEADINGS, tuple(rows), "No queue has had a job yet: verk enqueue CLASS")


def _busy(client: Client) -> Table:
    rows = (Row(f"{run.node} {run.worker} {run.jid}", run_line(run), run.jid) for run in client.running()[:_MOST])
    return Table(RUN_HEADINGS, tuple(rows), "No job runs.")


def _set(name: str) -> Callable[[Client], Table]:
    def table(client: Client) -> Table:
        now = SystemClock.time()
        rows = []
        for number, (member, at) in enumerate(Place.named(client, name).first(_MOST, ALL_JOBS)):
            if isinstance(member, Malformed):
                cells: tuple[str, ...] = ("", "(no job)", "", loggable(member.reason))
            else:
                error = f"{member.error_class}: {member.error_message}" if member.error_class else ""
                cells = tuple(map(loggable, (str(member.jid), member.class_, member.queue or "", error)))
            rows.append(Row(f"{cells[0]} {number if not cells[0] else ''}", (*cells, distance(at or now, now)), member))
        return Table(("jid", "class", "queue", "error", "at"), tuple(rows), f"No job is in {name}.")

    return table


def _nodes(client: Client) -> Table:
    rows = (Row(one.node, node_line(one), one.node) for one in read_nodes(client))
    return Table(NODE_HEADINGS, tuple(rows), "No node runs: verk run -r MODULE -q default:25")


def _trees(client: Client) -> str:
    answers = client.nodes.ask("supervision", seconds=_ANSWER_SECONDS)
    texts = []
    for node_id, answer in sorted(answers.given.items()):
        try:
            tree = read_answer(answer, Supervision).tree
            texts.append(f"node {loggable(node_id)}\n{draw(tree)}")
        except ValueError:
            texts.append(f"node {loggable(node_id)} answered with something that is no tree")
    texts += [f"node {loggable(node_id)} has not answered" for node_id in answers.missing]
    return "\n\n".join(texts) or "No node runs: verk run -r MODULE -q default:25"


_TABLES: Mapping[str, Callable[[Client], Table]] = {
    "queues": _queues,
    "busy": _busy,
    **{name: _set(name) for name in SETS},
    "nodes": _nodes,
}

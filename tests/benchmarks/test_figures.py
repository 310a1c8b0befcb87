"""The pictures and tables of docs/benchmarks.md: from what was measured, and nothing else."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from benchmarks.figures import document
from benchmarks.figures.chart import Point, chart, step_of
from benchmarks.figures.flame import flame_graph, shares, tree
from benchmarks.figures.profile import by_actor

STACKS = [
    "thread (1): A.default.worker_1;Thread.run (threading.py:9);Worker.claim (a/worker.py:7);perform (b.py:1) 3",
    "thread (2): A.default.worker_22;Thread.run (threading.py:9);Worker.claim (a/worker.py:7) 1",
    "thread (3): A.queue_stats;Server.run (a/server.py:5) 4",
]


def texts(picture: str) -> list[str]:
    return [node.text or "" for node in ElementTree.fromstring(picture).iter() if node.tag.endswith("}text")]


def test_a_chart_has_a_place_for_each_point_and_tells_its_value():
    points = [Point(label=str(n), median=1000.0 * n, least=900.0 * n, most=1100.0 * n) for n in (1, 2, 3)]

    picture = chart("Speed", "workers", points)

    assert {"Speed", "workers", "1", "2", "3", "1,000", "2,000", "3,000", "0"} <= set(texts(picture))
    assert picture.count('class="dot"') == 3


def test_the_steps_of_a_scale_are_round():
    assert [step_of(most) for most in (9, 47_000, 119_000)] == [2, 10_000, 25_000]


def test_the_stacks_of_all_workers_are_one_tower():
    root = tree(map(by_actor, STACKS))

    assert shares(root) == {"A.default.worker": 0.5, "A.queue_stats": 0.5}
    assert root.calls["A.default.worker"].calls["Worker.claim (worker.py)"].count == 4


def test_a_flame_graph_has_a_box_for_each_frame_that_can_be_seen():
    rare = "thread (4): A.rare;f (f.py:1) 1"
    often = ["thread (5): A.often;<genexpr> (g.py:1) 1000"]

    picture = flame_graph("Who", tree(map(by_actor, [rare, *often])))

    titles = [node.text for node in ElementTree.fromstring(picture).iter() if node.tag.endswith("}title")]
    assert titles == ["Who", "all: 100.0%", "A.often: 99.9%", "<genexpr> (g.py): 99.9%"]


def test_the_document_has_the_tables_and_charts_of_the_committed_results():
    reports, peers = document.results()
    text = document.DOCUMENT.read_text()

    assert document.with_tables(text, reports, peers) == text
    for name, picture in document.charts(reports).items():
        assert (document.IMAGES / name).read_text() == picture
    assert all(path.stat().st_size < 300_000 for path in document.IMAGES.glob("*.svg"))
    assert set(re.findall(r"images/([\w-]+\.svg)", text)) == {path.name for path in document.IMAGES.glob("*.svg")}

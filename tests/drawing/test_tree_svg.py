"""A tree as a picture."""

from __future__ import annotations

from xml.etree import ElementTree

import attrs
import pytest

from verk_actors.drawing import tree_svg
from verk_actors.drawing.tree_layout import MOST_CELLS, Card, lay_out
from verk_actors.otp import ProcessInfo

SVG = "{http://www.w3.org/2000/svg}"


def leaf(name: str, **fields: object) -> ProcessInfo:
    """Make a worker."""
    return attrs.evolve(ProcessInfo(name=name, kind="Worker", pid=1), **fields)


def parent(name: str, *children: ProcessInfo, **fields: object) -> ProcessInfo:
    """Make a supervisor."""
    process = ProcessInfo(name=name, kind="Pool", pid=1, strategy="one_for_one", children=children)
    return attrs.evolve(process, **fields)


def of_two_kinds(*names: str) -> list[ProcessInfo]:
    """Make workers that no two neighbours of are alike."""
    return [leaf(name, kind=f"Kind{number % 2}") for number, name in enumerate(names)]


def picture(root: ProcessInfo, *, alone: bool = False) -> ElementTree.Element:
    """Draw it, and read it again as XML."""
    return ElementTree.fromstring(tree_svg.draw(root, title="of a test", alone=alone))


def of_class(svg: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    """Return the elements of a class."""
    return [element for element in svg.iter() if name in element.get("class", "").split()]


def texts(svg: ElementTree.Element) -> list[str]:
    """Return what can be read."""
    return [element.text or "" for element in svg.iter(f"{SVG}text")]


def overlap(one: Card, two: Card) -> bool:
    """Tell whether two cards of a column overlap."""
    return one.x == two.x and one.y < two.y + two.height and two.y < one.y + one.height


def test_each_process_has_a_card_with_its_name_its_class_and_its_age():
    svg = picture(parent("root", leaf("manager", kind="Manager", age_seconds=7300.0), age_seconds=61.0))

    assert texts(svg) == ["root", "Pool · 1 min", "one for one", "manager", "Manager · 2 h"]


def test_children_stand_right_of_their_supervisor_in_start_order_and_none_overlaps_another():
    card = lay_out(parent("root", leaf("a"), parent("b", *of_two_kinds("c", "d")), parent("e", leaf("f")), leaf("g")))

    cards = list(card.walk())
    assert [one.process.name for one in cards] == ["root", "a", "b", "c", "d", "e", "f", "g"]
    assert all(child.x > one.x for one in cards for child in one.children)
    assert all(
        one.y < two.y for parent in cards for one, two in zip(parent.children, parent.children[1:], strict=False)
    )
    assert [(one, two) for one in cards for two in cards if one is not two and overlap(one, two)] == []


def test_a_line_leads_from_each_supervisor_to_each_of_its_children():
    svg = picture(parent("root", *of_two_kinds("a", "b"), parent("c", leaf("d"))))

    assert len(of_class(svg, "line")) == 4


def test_many_workers_that_are_alike_share_a_card_with_a_cell_for_each():
    workers = [leaf(f"worker_{n}", is_busy=n < 2, age_seconds=50.0, restarts=int(n == 3)) for n in range(25)]
    workers[5] = attrs.evolve(workers[5], state="restarting")
    svg = picture(parent("pool", *workers))

    assert [len(of_class(svg, name)) for name in ("cell", "busy", "crowd")] == [25, 2, 1]
    assert {"25 \N{MULTIPLICATION SIGN} Worker", "2 busy · 22 idle · 1 down"} <= set(texts(svg))


def test_a_pool_of_a_thousand_is_as_tall_as_its_first_cells():
    svg = picture(parent("pool", *(leaf(f"worker_{n}") for n in range(1000))))

    assert len(of_class(svg, "cell")) == MOST_CELLS
    assert float(svg.get("height", "0")) < 250


def test_restarts_and_waiting_messages_are_badges():
    svg = picture(parent("root", leaf("a", restarts=3, inbox=12), leaf("b", kind="Other")))

    [restarts], [inbox] = of_class(svg, "restarts"), of_class(svg, "inbox")
    assert (texts(restarts), texts(inbox)) == (["3"], ["12"])


@pytest.mark.parametrize(("age", "is_fresh"), [(2.0, True), (30.0, False)])
def test_a_process_that_was_restarted_just_now_stands_out(age: float, is_fresh: bool):
    svg = picture(parent("root", leaf("a", restarts=1, age_seconds=age)))

    assert bool(of_class(svg, "fresh")) is is_fresh


@pytest.mark.parametrize("state", ["restarting", "stopped"])
def test_a_process_that_does_not_run_is_marked(state: str):
    svg = picture(parent("root", leaf("a", state=state)))

    [card] = [element for element in of_class(svg, state) if element.tag == f"{SVG}g"]
    assert f"Worker · {state}" in texts(card)


def test_a_picture_that_stands_alone_has_its_style_in_it():
    assert picture(leaf("a"), alone=True).find(f"{SVG}style") is not None
    assert picture(leaf("a")).find(f"{SVG}style") is None


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "&amp;", '"><g>', "\x00\ud800]]>", "x" * 500])
def test_a_name_stays_text_whatever_it_holds(name: str):
    svg = picture(parent(name, leaf(name, kind=name, state=name), strategy=name))

    tags = {element.tag.removeprefix(SVG) for element in svg.iter()}
    assert tags == {"svg", "title", "g", "rect", "circle", "path", "text"}
    assert all(len(text) <= 40 for text in texts(svg))

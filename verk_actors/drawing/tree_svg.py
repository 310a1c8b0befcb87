"""Draws a supervision tree as SVG; pure.

Its colours are those of `picture.css`: a page links that file, a picture that stands alone contains it. Whatever a node
has answered is text here and never markup.
"""

from __future__ import annotations

import importlib.resources
from xml.etree import ElementTree

from verk_actors.drawing import tree_layout
from verk_actors.drawing.ages import age
from verk_actors.drawing.tree_layout import ANCHOR, GAP, WIDTH, Card
from verk_actors.drawing.tree_text import times_in_words
from verk_actors.loggable import loggable
from verk_actors.otp import ProcessInfo

Element = ElementTree.Element

_MARGIN = 14.0  # badges stand out of their card
_BEND = 8.0  # the radius of a line's corner
_FRESH_SECONDS = 10.0  # after a restart a process is shown as new for so long
_NAME_LETTERS, _ABOUT_LETTERS = 23, 29  # that fit into a card
_LETTER = 6.5  # the width of a badge's digit
_RESTARTED = "M8.4 5A3.4 3.4 0 1 1 7.3 2.5M7.6.6v2.1H5.5"
_ENVELOPE = "M1 2.2h8v5.6H1zM1 2.6l4 3 4-3"


def style() -> str:
    """Return the style sheet of the pictures."""
    return (importlib.resources.files(__package__) / "picture.css").read_text()


def draw(root: ProcessInfo, *, title: str, alone: bool = False) -> str:
    """Return the picture of a tree as an `svg` element.

    Args:
        root: a snapshot.
        title: what it is a picture of, for those who can't see it.
        alone: it shall be a file of its own, with its style in it.
    """
    card = tree_layout.lay_out(root)
    width, height = card.right + 2 * _MARGIN, card.bottom + 2 * _MARGIN
    svg = Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "class": "tree-picture",
            "role": "img",
            "viewBox": f"{-_MARGIN:g} {-_MARGIN:g} {width:g} {height:g}",
            "width": f"{width:g}",
            "height": f"{height:g}",
        },
    )
    _add(svg, "title", text=loggable(title))
    if alone:
        _add(svg, "style", text=style())
        corner = {"x": f"{-_MARGIN:g}", "y": f"{-_MARGIN:g}", "width": "100%", "height": "100%"}
        _add(svg, "rect", "ground", corner)
    for parent in card.walk():
        for child in reversed(parent.children):  # the longest line first: the others lie upon it
            _add(svg, "path", f"line {_state(child.process)}", {"d": _line(parent, child)})
    for one in card.walk():
        svg.append(_crowd(one) if len(one.processes) > 1 else _process(one))
    return ElementTree.tostring(svg, encoding="unicode")


def _line(parent: Card, child: Card) -> str:
    """Return the way from a card to one of its children, by a trunk between the columns."""
    start, end, trunk = parent.x + WIDTH, child.x, parent.x + WIDTH + GAP / 2
    above, below = parent.y + ANCHOR, child.y + ANCHOR
    if above == below:
        return f"M{start:g} {above:g}H{end:g}"
    return (
        f"M{start:g} {above:g}H{trunk - _BEND:g}Q{trunk:g} {above:g} {trunk:g} {above + _BEND:g}"
        f"V{below - _BEND:g}Q{trunk:g} {below:g} {trunk + _BEND:g} {below:g}H{end:g}"
    )


def _process(card: Card) -> Element:
    process = card.process
    kind = "supervisor" if process.strategy else "worker"
    fresh = "fresh" if process.restarts and process.age_seconds < _FRESH_SECONDS else ""
    group = _group(card, f"process {kind} {_state(process)} {fresh}".rstrip())
    _add(group, "title", text=_told(process))
    _box(group, card)
    _add(group, "circle", "dot", {"cx": "12", "cy": "16", "r": "4"})
    _text(group, "name", (22, 20), process.name, _NAME_LETTERS)
    since = age(process.age_seconds) if process.state == "running" else process.state
    _text(group, "about", (22, 33), f"{process.kind} · {since}", _ABOUT_LETTERS)
    if process.strategy:
        _text(group, "about", (22, 46), process.strategy.replace("_", " "), _ABOUT_LETTERS)
    _badges(group, process.restarts, process.inbox)
    return group


def _crowd(card: Card) -> Element:
    """Draw many as cells, one for each."""
    processes = card.processes
    busy = sum(process.is_busy for process in processes)
    down = sum(process.state != "running" for process in processes)
    group = _group(card, "process crowd running")
    _add(group, "title", text=f"{loggable(card.process.name)} … {loggable(processes[-1].name)}")
    _box(group, card)
    _text(group, "name", (12, 20), f"{len(processes)} \N{MULTIPLICATION SIGN} {card.process.kind}", _NAME_LETTERS)
    facts = [f"{busy} busy", f"{len(processes) - busy - down} idle", f"{down} down" if down else ""]
    _text(group, "about", (12, 34), " · ".join(filter(None, facts)), _ABOUT_LETTERS)
    for number, process in enumerate(processes[: tree_layout.MOST_CELLS]):
        row, column = divmod(number, tree_layout.CELLS_PER_ROW)
        corner = {
            "x": f"{12 + column * tree_layout.CELL:g}",
            "y": f"{tree_layout.CROWD_TOP + row * tree_layout.CELL:g}",
            "width": f"{tree_layout.CELL - 3:g}",
            "height": f"{tree_layout.CELL - 3:g}",
            "rx": "2",
        }
        cell = _add(group, "rect", f"cell {_cell_state(process)}", corner)
        _add(cell, "title", text=_told(process))
    _badges(group, sum(one.restarts for one in processes), sum(one.inbox for one in processes))
    return group


def _badges(group: Element, restarts: int, inbox: int) -> None:
    """Draw what is remarkable on the upper edge of a card, from the right."""
    right = WIDTH - 8
    for count, kind, icon in ((restarts, "restarts", _RESTARTED), (inbox, "inbox", _ENVELOPE)):
        if count:
            digits = f"{min(count, 9999)}"
            width = 24 + _LETTER * len(digits)
            badge = _add(group, "g", f"badge {kind}", {"transform": f"translate({right - width:g} -8)"})
            _add(badge, "rect", "", {"width": f"{width:g}", "height": "16", "rx": "8"})
            _add(badge, "path", "icon", {"d": icon, "transform": "translate(6 3)"})
            _add(badge, "text", "", {"x": "19", "y": "12"}, text=digits)
            right -= width + 4


def _told(process: ProcessInfo) -> str:
    """Return all that is known of a process, as its tooltip."""
    facts = [
        f"{process.name} ({process.kind})",
        process.state if process.state != "running" else f"runs for {age(process.age_seconds)}",
        process.strategy.replace("_", " "),
        "busy" if process.is_busy else "",
        f"restarted {times_in_words(process.restarts)}" if process.restarts else "",
        f"{process.inbox} messages in its inbox" if process.inbox else "",
    ]
    return loggable(", ".join(filter(None, facts)))


def _state(process: ProcessInfo) -> str:
    """Return one of the three, whatever a node has answered."""
    return process.state if process.state in {"running", "restarting"} else "stopped"


def _cell_state(process: ProcessInfo) -> str:
    fresh = " fresh" if process.restarts and process.age_seconds < _FRESH_SECONDS else ""
    return ("busy" if process.is_busy and process.state == "running" else _state(process)) + fresh


def _group(card: Card, classes: str) -> Element:
    return Element("g", {"class": classes, "transform": f"translate({card.x:g} {card.y:g})"})


def _box(group: Element, card: Card) -> None:
    _add(group, "rect", "card", {"width": f"{WIDTH:g}", "height": f"{card.height:g}", "rx": "8"})


def _text(parent: Element, classes: str, corner: tuple[float, float], text: str, letters: int) -> None:
    text = loggable(text)
    if len(text) > letters:  # what tells names from their neighbours' is at the end
        text = "…" + text[1 - letters :] if classes == "name" else text[: letters - 1] + "…"
    _add(parent, "text", classes, {"x": f"{corner[0]:g}", "y": f"{corner[1]:g}"}, text=text)


def _add(
    parent: Element, tag: str, classes: str = "", attributes: dict[str, str] | None = None, *, text: str | None = None
) -> Element:
    child = ElementTree.SubElement(parent, tag, ({"class": classes} if classes else {}) | (attributes or {}))
    child.text = text
    return child

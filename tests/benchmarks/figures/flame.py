"""A flame graph of collapsed stacks, each a line of `outermost;…;innermost count`."""

from __future__ import annotations

import colorsys
import zlib
from collections.abc import Iterable, Iterator

import attrs
from benchmarks.figures import svg

WIDTH, ROW, TOP = 1200, 17, 40
LEAST_SHARE = 0.002  # narrower frames can't be read
CHARACTER = 6.2  # of a label, in pixels


@attrs.define
class Frame:
    """A function, how often it was seen on a stack, and what it had called."""

    name: str
    count: int = 0
    calls: dict[str, Frame] = attrs.Factory(dict)

    def add(self, names: list[str], count: int) -> None:
        """Count a stack that goes on from here."""
        self.count += count
        if names:
            self.calls.setdefault(names[0], Frame(names[0])).add(names[1:], count)

    @property
    def height(self) -> int:
        """How many frames the highest stack has that can be seen."""
        return 1 + max((call.height for call in self.calls.values()), default=0)

    def without(self, least: float) -> Frame:
        """Return the same without frames that were seen less often."""
        kept = {name: call.without(least) for name, call in self.calls.items() if call.count >= least}
        return Frame(self.name, self.count, kept)


def tree(lines: Iterable[str]) -> Frame:
    """Return all stacks as one tree, without what is too narrow to be seen."""
    root = Frame("all")
    for line in lines:
        stack, _, count = line.strip().rpartition(" ")
        if stack:
            root.add(stack.split(";"), int(count))
    return root.without(root.count * LEAST_SHARE)


def shares(root: Frame) -> dict[str, float]:
    """Return the share of each of the outermost frames, the largest first."""
    found = sorted(root.calls.values(), key=lambda frame: -frame.count)
    return {frame.name: frame.count / root.count for frame in found}


def flame_graph(title: str, root: Frame) -> str:
    """Return the picture: below who calls, above whom; as wide as it takes."""
    height = TOP + root.height * ROW + 10
    parts = [
        svg.text(title, 10, 22, font_weight="bold"),
        svg.element("g", "\n".join(_frames(root, height)), class_="flame"),
    ]
    return svg.picture(WIDTH, height, title, parts)


def _frames(root: Frame, height: int) -> Iterator[str]:
    pending = [(root, 0.0, 0)]
    while pending:
        frame, left, depth = pending.pop()
        width = frame.count / root.count * WIDTH
        bottom = height - 10 - (depth + 1) * ROW
        tip = f"{frame.name}: {frame.count / root.count:.1%}".replace("&", "&amp;").replace("<", "&lt;")
        box = {"x": left, "y": bottom, "width": max(width - 0.5, 0.3), "height": ROW - 1, "rx": 1}
        yield svg.element("rect", f"<title>{tip}</title>", fill=_colour(frame.name), **box)
        if (fits := int((width - 6) / CHARACTER)) >= 3:
            label = frame.name if len(frame.name) <= fits else frame.name[: fits - 1] + "…"
            yield svg.text(label, left + 3, bottom + ROW - 5, font_size=11)
        for call in sorted(frame.calls.values(), key=lambda call: call.name):
            pending.append((call, left, depth + 1))
            left += call.count / root.count * WIDTH


def _colour(name: str) -> str:
    """Return a warm colour, the same for the same name: light enough for dark letters."""
    hue = (zlib.crc32(name.encode()) % 50 + 5) / 360
    return "#" + "".join(f"{round(part * 255):02x}" for part in colorsys.hls_to_rgb(hue, 0.72, 0.85))

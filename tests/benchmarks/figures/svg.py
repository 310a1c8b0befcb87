"""What all our pictures share: text-only SVG that can be read on light and on dark ground."""

from __future__ import annotations

from collections.abc import Iterable
from xml.sax.saxutils import escape, quoteattr

STYLE = """
text { font: 12px sans-serif; fill: #24292f }
.quiet { fill: #57606a; font-size: 11px }
.rule { stroke: #d0d7de; stroke-width: 1 }
.line { stroke: #0969da; stroke-width: 2; fill: none }
.dot { fill: #0969da }
.spread { stroke: #0969da; stroke-width: 1.5; opacity: .55 }
.flame text { fill: #24292f }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .quiet { fill: #9198a1 } .rule { stroke: #3d444d }
  .line, .spread { stroke: #4493f8 } .dot { fill: #4493f8 }
}
"""


def element(name: str, content: str = "", **attributes: float | str) -> str:
    """Return an element; numbers are rounded, `class_` is class, `text_anchor` is text-anchor."""
    told = "".join(f" {key.rstrip('_').replace('_', '-')}={_quoted(value)}" for key, value in attributes.items())
    return f"<{name}{told}>{content}</{name}>" if content else f"<{name}{told}/>"


def text(content: str, x: float, y: float, **attributes: float | str) -> str:
    """Return a text."""
    return element("text", escape(content), x=x, y=y, **attributes)


def picture(width: int, height: int, title: str, parts: Iterable[str]) -> str:
    """Return a whole file."""
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    body = "\n".join(parts)
    return f'{head} role="img">\n<title>{escape(title)}</title>\n<style>{STYLE}</style>\n{body}\n</svg>\n'


def _quoted(value: float | str) -> str:
    return quoteattr(value if isinstance(value, str) else f"{value:.1f}".rstrip("0").rstrip("."))

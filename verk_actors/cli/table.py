"""Lays out a table as text; pure."""

from __future__ import annotations

from collections.abc import Sequence


def lay_out(headings: Sequence[str], rows: Sequence[Sequence[str | int]]) -> str:
    """Return a table with columns as wide as they need be; numbers stand right, with separated thousands."""
    texts = [list(headings), *([_text(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    right = [bool(rows) and isinstance(cell, int) for cell in (rows[0] if rows else headings)]
    return "\n".join(
        "  ".join(
            text.rjust(width) if to_right else text.ljust(width)
            for text, width, to_right in zip(line, widths, right, strict=True)
        ).rstrip()
        for line in texts
    )


def _text(cell: str | int) -> str:
    return f"{cell:,}" if isinstance(cell, int) else cell

"""Numbers in addresses and forms."""

from __future__ import annotations


def number_in(text: object, default: int, *, least: int = 0, most: int = 10**9) -> int:
    """Return the number that a text is, within its bounds; `default` for what is none."""
    is_number = isinstance(text, str) and text.isascii() and text.isdigit()
    return max(least, min(int(str(text)[:12]), most)) if is_number else default

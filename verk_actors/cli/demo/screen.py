"""How the demo shows what happens: a picture that moves on a terminal, quiet lines elsewhere."""

from __future__ import annotations

import logging
import os
import re
import shutil
import sys
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol, Self

import attrs
import click

_NARROWEST = 72  # the picture's own width
_BAR = 24
_NOTES = 6
_REST_OF_JID = re.compile(r"(?<=\b[0-9a-f]{6})[0-9a-f]{18}\b")
_HIDE_CURSOR, _SHOW_CURSOR, _CLEAR_BELOW = "\x1b[?25l", "\x1b[?25h", "\x1b[J"


def paint(text: str, **style: Any) -> str:
    """Return the text in colour, unless NO_COLOR says no (https://no-color.org)."""
    return text if os.environ.get("NO_COLOR") else click.style(text, **style)


class Notes(logging.Handler):
    """Keeps what the node logs as warnings and errors: failures, crashes and restarts, in its own words."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._new: deque[str] = deque()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line; called on the thread of whoever logs."""
        self._new.append(record.getMessage())

    def take(self) -> Sequence[str]:
        """Return the lines since the last call."""
        return [self._new.popleft() for _ in range(len(self._new))]


@attrs.frozen(kw_only=True)
class QueueView:
    """One queue at a moment: jobs that have ended, of how many; workers that are busy, of how many."""

    ended: int
    jobs: int
    busy: int
    workers: int


class Display(Protocol):
    """Where the demo is shown."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def update(self, queues: Mapping[str, QueueView], counts: Mapping[str, int], notes: Iterable[str]) -> None:
        """Show the present moment; `notes` are those since the last one."""


class Lines:
    """Prints the notes, one after the other."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is left to do."""

    def update(self, queues: Mapping[str, QueueView], counts: Mapping[str, int], notes: Iterable[str]) -> None:
        """Print what is new."""
        for note in notes:
            click.echo(f"  {note}")


class Picture:
    """Draws over itself."""

    def __init__(self, columns: int) -> None:
        self._columns = columns
        self._height = 0
        self._notes: deque[str] = deque(maxlen=_NOTES)

    def __enter__(self) -> Self:
        click.echo(_HIDE_CURSOR, nl=False, color=True)
        return self

    def __exit__(self, *_: object) -> None:
        click.echo(_SHOW_CURSOR, nl=False, color=True)

    def update(self, queues: Mapping[str, QueueView], counts: Mapping[str, int], notes: Iterable[str]) -> None:
        """Draw it anew, in one write, so that it does not flicker."""
        self._notes.extend(notes)
        cut = (_cut(note, self._columns - 3) for note in self._notes)
        lines = [
            "",
            *(_bar(name, view) for name, view in queues.items()),
            "",
            "  " + "   ".join(f"{name} {paint(str(count), bold=True)}" for name, count in counts.items()),
            "",
            *(paint(f"  {note}", fg=_colour(note)) for note in cut),
        ]
        up = f"\x1b[{self._height}F" if self._height else ""
        click.echo(up + _CLEAR_BELOW + "\n".join(lines), color=True)
        self._height = len(lines)


def display() -> Display:
    """Return what standard output can show."""
    columns = shutil.get_terminal_size().columns
    if sys.stdout.isatty() and os.environ.get("TERM") != "dumb" and columns >= _NARROWEST:
        return Picture(columns)
    return Lines()


def _bar(name: str, view: QueueView) -> str:
    done = _BAR * view.ended // max(view.jobs, 1)
    bar = paint("█" * done, fg="green") + paint("░" * (_BAR - done), dim=True)
    return f"  {name:8} {bar} {view.ended:3} of {view.jobs:3} jobs   {view.busy} of {view.workers} workers busy"


def _cut(note: str, width: int) -> str:
    note = _REST_OF_JID.sub("", note)
    return note if len(note) <= width else f"{note[: width - 1]}…"


def _colour(note: str) -> str:
    return "red" if ", dead," in note else "magenta" if "crashed" in note else "yellow"

"""Writes docs/reference.md from the docstrings when it is run; a test holds the page against it."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import verk_actors
from verk_actors.errors import VerkError
from verk_actors.events import Event

REPOSITORY = Path(__file__).parents[2]
PAGE = REPOSITORY / "docs" / "reference.md"

HEAD = """# Reference

Every public name in one line, each from its docstring, which has the rest. `from verk_actors import` any of them.

<!-- written by tests/support/reference.py -->
"""


def of_modules(homes: Mapping[str, str]) -> Iterator[tuple[str, Any, str]]:
    """Yield each public name, what it is, and the file where it is defined."""
    for home, names in sorted(homes.items()):
        module = importlib.import_module(f"verk_actors.{home}")
        file = f"{module.__name__.replace('.', '/')}{'/__init__' if hasattr(module, '__path__') else ''}.py"
        for name in names.split():
            yield name, getattr(module, name), file


def section(title: str, rows: Sequence[tuple[str, Any, str]]) -> Iterator[str]:
    """Yield the lines of a table."""
    yield f"\n## {title}\n\n| name | what it is |\n|---|---|"
    for name, value, file in rows:
        yield f"| [`{name}`](../{file}) | {first_line(name, value, file)} |"


def first_line(name: str, value: Any, file: str) -> str:
    """Return the first sentence of a docstring."""
    return docstring(name, value, file).split("\n\n")[0].replace("\n", " ").replace("|", "\\|")


def docstring(name: str, value: Any, file: str) -> str:
    """Return what stands in a class or function, or below another type's definition; empty if there is nothing."""
    if inspect.isclass(value) or inspect.isfunction(value):
        return inspect.getdoc(value) or ""
    source = (REPOSITORY / file).read_text()
    found = re.search(rf'^{name}\b[^\n]* = [^\n]*\n"""(.*?)"""', source, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


def groups() -> dict[str, list[tuple[str, Any, str]]]:
    """Return the public names by what they are: the tables of the page, in order."""
    found = sorted(of_modules(verk_actors._HOMES), key=lambda row: row[0].lower())
    errors = [row for row in found if isinstance(row[1], type) and issubclass(row[1], VerkError)]
    events = [row for row in found if isinstance(row[1], type) and issubclass(row[1], Event)]
    others = [row for row in found if row not in errors and row not in events]
    messages = [row for row in others if row[2].endswith(("/messages.py", "/status.py"))]
    return {
        "Jobs, clients, nodes": [row for row in others if row not in messages],
        "Messages to an ActorSystem, and what they are answered": messages,
        "Events": events,
        "Errors": errors,
    }


def slug(title: str) -> str:
    """Return the first word of a title, for the name of its page in the book."""
    return re.split(r"\W", title.lower())[0]


def page() -> str:
    """Return the whole page."""
    lines = [HEAD.rstrip("\n")]
    for title, rows in groups().items():
        lines += section(title, rows)
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())

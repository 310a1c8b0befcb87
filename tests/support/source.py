"""This repository as text and as syntax trees: what the tests of the architecture look at."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import attrs

REPOSITORY = Path(__file__).parents[2]


@attrs.frozen
class Source:
    """A file of Python.

    Attributes:
        path: from the repository on, as `verk_actors/wire/keys.py`.
    """

    path: str
    text: str
    tree: ast.Module

    def calls(self) -> Iterator[tuple[str, ast.Call]]:
        """Yield each call with the text of what is called, as `time.sleep`."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                yield ast.unparse(node.func), node

    def imports(self) -> Iterator[str]:
        """Yield the dotted name of each module or name that is imported, wherever the statement stands."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield from (f"{node.module}.{alias.name}" for alias in node.names)

    def functions(self) -> Iterator[ast.FunctionDef]:
        """Yield each function and method."""
        yield from (node for node in ast.walk(self.tree) if isinstance(node, ast.FunctionDef))


def sources(*places: str, but: str | None = None) -> Iterator[Source]:
    """Yield the Python files in these folders, or of these names, without those below `but`."""
    for place in places:
        path = REPOSITORY / place
        for file in [path] if path.is_file() else sorted(path.rglob("*.py")):
            if but is None or not file.is_relative_to(REPOSITORY / but):
                yield _parsed(file)


@cache
def _parsed(file: Path) -> Source:
    text = file.read_text()
    return Source(file.relative_to(REPOSITORY).as_posix(), text, ast.parse(text))

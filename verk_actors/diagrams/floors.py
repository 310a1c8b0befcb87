"""The floors of the package as a Mermaid flowchart, from its imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter
from pathlib import Path

_PACKAGE = Path(__file__).parents[1]

Imports = Mapping[str, frozenset[str]]
"""For each package or module at the top, those that it imports."""


def imports(package: Path = _PACKAGE) -> Imports:
    """Return what the top packages and modules import of each other."""
    found: dict[str, set[str]] = {}
    for file in sorted(package.rglob("*.py")):
        unit = file.relative_to(package).parts[0].removesuffix(".py")
        if not unit.startswith("__"):  # __init__ imports everything, when it is asked to
            found.setdefault(unit, set()).update(_imported(file, package.name))
    return {unit: frozenset(others & found.keys() - {unit}) for unit, others in found.items()}


def mermaid(imports: Imports) -> str:
    """Return the diagram: each unit on the lowest floor above all that it imports.

    An arrow that follows from others is left out.

    Raises:
        graphlib.CycleError: there are no floors.
    """
    floors = list(_floors(imports))
    lines = ["flowchart TD"]
    for number, units in reversed(list(enumerate(floors))):
        lines += [f'    subgraph floor_{number}[" "]', *(f"        {unit}" for unit in units), "    end"]
    for unit in sorted(imports):
        implied = set().union(*(_below(other, imports) for other in imports[unit]))
        lines += [f"    {unit} --> {other}" for other in sorted(imports[unit] - implied)]
    return "\n".join(lines) + "\n"


def _imported(file: Path, package: str) -> Iterator[str]:
    """Yield the units that a file imports; `from package import name` may name a unit or not."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (name.split(".")[1] for name in names if name.startswith(f"{package}."))


def _floors(imports: Imports) -> Iterator[list[str]]:
    sorter = TopologicalSorter(imports)
    sorter.prepare()
    while sorter.is_active():
        ready = sorter.get_ready()
        yield sorted(ready)
        sorter.done(*ready)


def _below(unit: str, imports: Imports) -> set[str]:
    return set(imports[unit]).union(*(_below(other, imports) for other in imports[unit]))

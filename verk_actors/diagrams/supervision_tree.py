"""The supervision tree, as Mermaid and as DOT."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from verk_actors.otp import Ref, Supervisor


@attrs.frozen(kw_only=True)
class Process:
    """One process of a tree.

    Attributes:
        name: the registered one.
        kind: its class.
        file: where that class is, from the tree's folder.
        strategy: what a supervisor does when a child ends; None for another process.
        children: in start order.
    """

    name: str
    kind: str
    file: str
    strategy: str | None
    children: Sequence[Process]

    def walk(self) -> Iterator[Process]:
        """Yield this process and all below it, parents first."""
        yield self
        for child in self.children:
            yield from child.walk()


def tree_of(ref: Ref) -> Process:
    """Return the processes at and below one that runs."""
    cls = ref.actor_class
    return Process(
        name=str(ref),
        kind=cls.__name__,
        file=cls.__module__.partition(".tree.")[2].replace(".", "/") + ".py",
        strategy=cls.strategy.value if issubclass(cls, Supervisor) else None,
        children=[tree_of(row.ref) for row in ref.children if row.ref is not None],
    )


def mermaid(root: Process) -> str:
    """Return the tree as a Mermaid flowchart, children below their supervisor in start order."""
    lines = ["flowchart TD"]
    ids = {process.name: f"p{number}" for number, process in enumerate(root.walk())}
    for process in root.walk():
        text = "<br/>".join(_texts(process))
        opening, closing = ("[[", "]]") if process.strategy else ("(", ")")
        lines.append(f'    {ids[process.name]}{opening}"{text}"{closing}')
        lines += [f"    {ids[process.name]} --> {ids[child.name]}" for child in process.children]
    return "\n".join(lines) + "\n"


def dot(root: Process) -> str:
    """Return the tree in Graphviz' language."""
    lines = ["digraph supervision_tree {", "    rankdir=LR;", '    node [shape=box, fontname="sans-serif"];']
    for process in root.walk():
        text = "\\n".join(_texts(process))
        style = ", peripheries=2" if process.strategy else ", style=rounded"
        lines.append(f'    "{process.name}" [label="{text}"{style}];')
        lines += [f'    "{process.name}" -> "{child.name}";' for child in process.children]
    return "\n".join([*lines, "}"]) + "\n"


def _texts(process: Process) -> list[str]:
    kind = f"{process.kind}, {process.strategy}" if process.strategy else process.kind
    return [process.name, kind, process.file]

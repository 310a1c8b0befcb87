"""Mutants of a module: the same module with one mistake in it each.

Not planted are mistakes that nobody could notice: in annotations, docstrings, and the texts of errors.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator

import attrs

SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Div,
    ast.Mod: ast.Mult, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr, ast.LShift: ast.RShift,
    ast.Break: ast.Continue, ast.Continue: ast.Break,
}  # fmt: skip
UNNOTICED = {"annotation", "returns", "decorator_list", "type_params"}


@attrs.frozen
class Mutant:
    """A module with one mistake in it."""

    line: int
    before: str
    after: str
    source: str = attrs.field(repr=False)

    def __str__(self) -> str:
        return f"line {self.line}: {self.before}  ->  {self.after}"


def mutants_of(source: str) -> Iterator[Mutant]:
    """Yield each mutant of a module."""
    tree = ast.parse(source)
    for parent, name, at, node in _places(tree):
        for other in _mistakes(node, parent, name):
            _put(parent, name, at, other)
            line = getattr(node, "lineno", getattr(parent, "lineno", 0))
            yield Mutant(line, _text(node), _text(other), ast.unparse(tree))
        _put(parent, name, at, node)


def _places(parent: ast.AST) -> Iterator[tuple[ast.AST, str, int | None, ast.AST]]:
    """Yield each node with where it hangs: in which node, under which field, at which place of a list."""
    if isinstance(parent, ast.JoinedStr):
        return
    for name, value in ast.iter_fields(parent):
        if name in UNNOTICED:
            continue
        for at, node in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(node, ast.AST) and not _is_docstring(node):
                yield parent, name, at, node
                yield from _places(node)


def _mistakes(node: ast.AST, parent: ast.AST, name: str) -> Iterator[ast.AST]:
    if (swap := SWAPS.get(type(node))) is not None:
        yield swap()
    match node:
        case ast.Constant(value=bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(value=int(value) | float(value)):
            yield ast.Constant(value + 1)
        case ast.Constant(value=str(value)) if not _is_text_of_error(parent):
            yield ast.Constant("XX" + value)
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
            yield operand
        case ast.Return(value=value) if value is not None and ast.unparse(value) != "None":
            yield ast.Return(ast.Constant(None))
        case ast.Expr() | ast.AugAssign() | ast.Raise() | ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            yield ast.Pass()
    if name == "test" and isinstance(node, ast.Call | ast.Name | ast.Attribute | ast.NamedExpr):
        yield ast.UnaryOp(ast.Not(), copy.deepcopy(node))


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_text_of_error(parent: ast.AST) -> bool:
    return isinstance(parent, ast.Call) and ast.unparse(parent.func).endswith(("Error", "Job"))


def _put(parent: ast.AST, name: str, at: int | None, node: ast.AST) -> None:
    if at is None:
        setattr(parent, name, node)
    else:
        getattr(parent, name)[at] = node


def _text(node: ast.AST) -> str:
    return (ast.unparse(node) or type(node).__name__).replace("\n", " ")[:90]

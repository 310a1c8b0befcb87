"""docs/security.md promises nothing without a test."""

from __future__ import annotations

import ast
import re

import pytest
from support.source import REPOSITORY

ROWS = re.findall(r"^\| (.+) \| (.+) \|$", (REPOSITORY / "docs/security.md").read_text(), re.MULTILINE)
PROMISES = [row for row in ROWS if row != ("promise", "test")]


@pytest.mark.parametrize(("promise", "test"), PROMISES)
def test_a_promise_names_a_test_that_exists(promise: str, test: str) -> None:
    path, _, name = test.strip("`").partition("::")
    tree = ast.parse((REPOSITORY / path).read_text())

    assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_test_of_security_stands_behind_a_promise() -> None:
    named = {test.strip("`").partition("::")[0] for _, test in PROMISES}
    files = {file.relative_to(REPOSITORY).as_posix() for file in (REPOSITORY / "tests/security").glob("test_*.py")}

    assert files - named == {"tests/security/test_promises.py"}

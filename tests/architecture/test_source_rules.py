"""House rules that neither ruff nor import-linter knows. `pytest -vv` lists each breach with its file."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from support.source import Source, sources

MAX_LINES, MAX_FUNCTION_LINES = 300, 40

KEY_TEXT = re.compile(r"(queue|inprogress|stat|verk:(node|reply)):|verk_nodes|verk:recovered")
OF_AN_EXTRA = {"verk_actors/tree/dashboard.py": "web"}  # a node that does without it loads nothing of it
READ_REDIS = ["wire", "store", "tree", "jobs/registry.py", "jobs/job_class.py"]
TURNS_DATA_INTO_CODE = re.compile(r"(eval|exec|compile|__import__)$|(pickle|marshal|shelve|importlib(?!\.resources))\b")


def test_a_file_has_at_most_300_lines():
    files = sources("verk_actors", "tests", "examples")

    assert [f"{file.path}: {lines}" for file in files if (lines := file.text.count("\n")) > MAX_LINES] == []


def test_a_function_has_at_most_40_lines_of_code():
    functions = [(file, function) for file in sources("verk_actors") for function in file.functions()]

    assert [
        f"{file.path}: {function.name}: {lines}"
        for file, function in functions
        if (lines := lines_of_code(function)) > MAX_FUNCTION_LINES
    ] == []


def test_the_text_of_keys_is_known_to_wire_keys_alone():
    files = sources("verk_actors", but="verk_actors/wire/keys.py")

    assert [f"{file.path}: {text}" for file in files for text in texts(file) if KEY_TEXT.match(text)] == []


def test_nothing_that_was_read_from_redis_can_become_code():
    """But in a job process, which imports what is registered in its node: see tests/security."""
    job_code = "verk_actors/tree/manager/queue/job_code.py"
    files = [file for file in sources(*(f"verk_actors/{name}" for name in READ_REDIS)) if file.path != job_code]

    assert [f"{file.path}: {name}" for file in files for name in used(file) if TURNS_DATA_INTO_CODE.match(name)] == []


def test_nobody_sleeps():
    """But the launcher, while another process gets ready: there is nothing to wait on."""
    files = sources("verk_actors", but="verk_actors/embedded.py")

    assert [file.path for file in files if "time.sleep" in used(file)] == []


def test_imports_stand_at_the_top():
    """But in the command line, where they come late so that `verk --help` comes soon, and of what may not be there."""
    functions = [
        (file, function)
        for file in sources("verk_actors", but="verk_actors/cli")
        for function in file.functions()
        if file.path not in OF_AN_EXTRA
    ]

    assert [
        f"{file.path}: {ast.unparse(node)}"
        for file, function in functions
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ] == []


def test_no_circle_is_dodged_by_an_import_for_type_checkers_only():
    """The package's fronts have such imports: their names are lazy."""
    fronts = ["verk_actors/__init__.py", "verk_actors/testing/__init__.py"]

    assert [file.path for file in sources("verk_actors") if "typing.TYPE_CHECKING" in file.imports()] == fronts


def lines_of_code(function: ast.FunctionDef) -> int:
    """Return the number of lines after the docstring."""
    documented = ast.get_docstring(function) is not None and len(function.body) > 1
    first = function.body[1 if documented else 0]
    return (function.end_lineno or 0) - first.lineno + 1


def used(file: Source) -> set[str]:
    """Return what a file imports and what it calls, by dotted names."""
    return {*file.imports(), *(called for called, _ in file.calls())}


def texts(file: Source) -> Iterator[str]:
    """Yield the constant texts, but for docstrings and the names of connections."""
    docstrings = {node.value for node in ast.walk(file.tree) if isinstance(node, ast.Expr)}
    names = {part for called, call in file.calls() if called.endswith("connection_name") for part in ast.walk(call)}
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in docstrings | names:
            yield node.value

"""docs/otp-conformance.md names every rule that these tests check, and where.

`python tests/otp/test_conformance_table.py` writes it anew. A test's rule is the first line of its docstring, the
source before the colon; a `Differs:` line says where we differ from it, and why.
"""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import attrs

HERE = Path(__file__).parent
TABLE = HERE.parents[1] / "docs/otp-conformance.md"
SOURCES = {
    "gen_server(3)": "Erlang/OTP, module gen_server",
    "proc_lib(3)": "Erlang/OTP, module proc_lib",
    "Processes": "Erlang Reference Manual, chapter Processes",
    "erlang(3)": "Erlang/OTP, module erlang: links, monitors, names, timers",
    "supervisor(3)": "Erlang/OTP, module supervisor",
    "supervisor.erl": "Erlang/OTP, source of module supervisor, where its documentation is silent",
    "System principles": "Erlang/OTP System Documentation, Supervisor Behaviour",
    "Elixir's DynamicSupervisor": "Elixir, module DynamicSupervisor",
    "Pykka": "What Pykka does, which we use or guard against",
    "Python": "What Python does, which we guard against",
    "Ours": "Rules of our own",
}
INTRODUCTION = """\
<!-- Written by `python tests/otp/test_conformance_table.py`; do not edit. -->
# The kernel's rules, and the tests that check them

`verk_actors.otp` follows Erlang's OTP. Each row is a rule as OTP's documentation has it, in short, and the test in
`tests/otp` that checks it. Where Python makes us differ, the row says so.

Besides these, `tests/properties/test_supervisor_model.py` runs supervisors against a pure model of supervisor(3).
Not ported: `ignore` from `init`, hot code upgrade, `sys`, distribution, hibernation, `get_childspec`.
"""


@attrs.frozen
class Rule:
    """One test and the rule that it checks."""

    source: str
    text: str
    differs: str
    test: str


def rules() -> Iterator[Rule]:
    """Yield the rules in the order of the files and their tests."""
    for path in sorted(HERE.glob("test_*.py")):
        if path.name == Path(__file__).name:
            continue
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                yield rule_of(node, path.name)


def rule_of(test: ast.FunctionDef, file: str) -> Rule:
    docstring = ast.get_docstring(test) or ""
    source, _, text = docstring.partition("\n")[0].partition(": ")
    differs = re.search(r"^Differs: (.*?)(\n\n|\Z)", docstring, re.MULTILINE | re.DOTALL)
    return Rule(
        source, text, " ".join(differs[1].split()) if differs else "", f"{file.removesuffix('.py')}::{test.name}"
    )


def table() -> str:
    """Return the page."""
    lines = [INTRODUCTION]
    by_source = sorted(rules(), key=lambda rule: list(SOURCES).index(rule.source))
    for source, group in itertools.groupby(by_source, key=lambda rule: rule.source):
        lines += [f"## {source}", "", f"{SOURCES[source]}.", "", "| Rule | Checked by |", "|---|---|"]
        for text, same in itertools.groupby(sorted(group, key=lambda rule: rule.text), key=lambda rule: rule.text):
            tests = list(same)
            differs = "".join(f" **Differs:** {rule.differs}" for rule in tests if rule.differs)
            lines.append(f"| {text}{differs} | {'<br>'.join(f'`{rule.test}`' for rule in tests)} |")
        lines.append("")
    return "\n".join(lines)


def test_every_test_names_its_rule() -> None:
    unnamed = [rule.test for rule in rules() if rule.source not in SOURCES or not rule.text.endswith(".")]

    assert unnamed == []


def test_the_table_in_the_documentation_is_up_to_date() -> None:
    assert TABLE.read_text() == table(), f"run: python tests/otp/{Path(__file__).name}"


if __name__ == "__main__":
    TABLE.write_text(table())

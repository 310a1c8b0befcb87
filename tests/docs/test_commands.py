"""The commands in the documents are run by a test, or held to what is there."""

from __future__ import annotations

import configparser
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from support.blocks import DOCUMENTS, REPOSITORY, blocks

from verk_actors.cli import main

# Commands of `verk` that are run as they stand in a document: those that end, and need nothing but Redis. Others need a
# node, or a module of the reader's; the tests of the command run them.
RUN_HERE = {"busy", "enqueue", "queues", "stats"}
# Programs that are not ours, and why they are not run here.
OTHERS = {
    ".": "of the shell; tests are run in an environment already",
    "redis-cli": "tests/system/test_redis_acl.py runs each line",
}


def commands(document: Path) -> Iterator[list[str]]:
    """Yield each command of a document, without variables before it, and without what its output is piped into."""
    for block in blocks(document, "sh"):
        for line in block.code.replace("\\\n", " ").splitlines():
            lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
            lexer.whitespace_split = True
            words = [""]  # as if an operator stood before
            for word in [*lexer, "&&"]:
                if set(word) <= set("&|;<>"):
                    if len(words) > 1 and words[0] not in ("|", ">", "<"):
                        yield [each for each in words[1:] if not re.match(r"\w+=", each)]
                    words = [word]
                else:
                    words.append(word)


FOUND = [
    pytest.param(command, id=f"{path.name}: {' '.join(command)[:60]}")
    for path in DOCUMENTS
    for command in commands(path)
]


@pytest.mark.parametrize("command", FOUND)
def test_a_command_in_a_document_is_one_that_there_is(command: list[str]) -> None:
    program, *arguments = command
    if program == "pip":
        extras = re.findall(r"\[([\w,]+)\]", " ".join(arguments))
        assert {name for group in extras for name in group.split(",")} <= extras_of_the_package()
    elif program == "verk":
        parse(arguments)
    elif program == "make":
        assert f"\n{arguments[0]}: " in (REPOSITORY / "Makefile").read_text()
    elif program in ("python", "pytest"):
        files = [each for each in arguments if "/" in each]
        assert [each for each in files if not (REPOSITORY / each.partition("::")[0]).exists()] == []
    else:
        assert program in OTHERS


@pytest.mark.parametrize("command", [each for each in FOUND if each.values[0][0] == "verk"])
def test_a_command_of_ours_does_what_it_says(
    command: list[str], redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if command[1] not in RUN_HERE or "--watch" in command:
        tests = (REPOSITORY / "tests").rglob("test_*.py")
        assert any(f'"{command[1]}"' in path.read_text() for path in tests), "no test runs it"
        return
    monkeypatch.chdir(tmp_path)

    ran = CliRunner().invoke(main, command[1:], env={"VERK_REDIS_URL": redis_url})

    assert ran.exit_code == 0, ran.output


def parse(arguments: list[str]) -> None:
    """Have click read the arguments as the command would, without running it."""
    command: click.Command = main
    context = click.Context(main, info_name="verk")
    while isinstance(command, click.Group):
        found = command.get_command(context, arguments[0])
        assert found is not None, f"no command {arguments[0]}"
        command, arguments = found, arguments[1:]
    if "--help" not in arguments:
        command.make_context("verk", list(arguments))


def extras_of_the_package() -> set[str]:
    setup = configparser.ConfigParser(interpolation=None)
    setup.read(REPOSITORY / "setup.cfg")
    return set(setup["options.extras_require"])

"""The reference of the command line is up to date, and every command and option in the documents exists."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import click
import pytest
from support import manual
from support.source import REPOSITORY

from verk_actors.cli import main

DOCUMENTS = [REPOSITORY / "README.md", REPOSITORY / "CHANGELOG.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(?:sh|console|bash|text|ini|dockerfile|yaml)?\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`(verk [^`]+)`")
IN_BLOCK = re.compile(r"(?:^|&& |\| |\$ |\$\(|exec )(verk [a-z].*)")


def test_the_page_of_the_command_line_is_as_the_commands_have_it() -> None:
    assert manual.PAGE.read_text() == manual.page(), "run: python tests/support/manual.py"


def commands_of(text: str) -> Iterator[str]:
    """Yield each use of the command in a document, in its prose and its blocks."""
    for block in BLOCK.findall(text):
        for line in block.replace("\\\n", " ").splitlines():
            yield from IN_BLOCK.findall(line)
    for found in INLINE.findall(BLOCK.sub("", text)):
        yield found.replace("\n", " ")


def wrong_in(line: str) -> str | None:
    """Return what is not there of a use of the command: a command or an option; None if all is."""
    try:
        words = shlex.split(line, comments=True)[1:]
    except ValueError:  # an apostrophe in prose
        words = line.split()[1:]
    command: click.Command = main
    for word in words:
        if not isinstance(command, click.Group) or word.startswith("-"):
            break
        found = command.get_command(click.Context(command), word.rstrip(",.:;)"))
        if found is None:
            return None if word.isupper() or command is not main else f"command {word}"
        command = found
    options = {name for one in command.params for name in (*one.opts, *one.secondary_opts)} | {"-h", "--help"}
    if isinstance(command, click.Group) and "list" in command.commands:
        options |= {name for one in command.commands["list"].params for name in one.opts}
    used = {match[1] for word in words if (match := re.match(r"(--?[a-z][a-z-]*)", word))}
    missing = sorted(used - options)
    return f"option {missing[0]} of {command.name}" if missing else None


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_and_option_in_a_document_exists(document) -> None:
    found = list(commands_of(document.read_text()))

    assert [f"{line}: {wrong}" for line in found if (wrong := wrong_in(line))] == []


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("verk run -r app -q default:25 --drain", None),
        ("verk queues --json", None),
        ("verk jobs delete dead --class Mail -y  # all of --that", None),
        ("verk fly", "command fly"),
        ("verk run --colour", "option --colour of run"),
        ("verk jobs list dead --redis-url x", "option --redis-url of list"),
    ],
)
def test_what_does_not_exist_is_noticed(line, wrong) -> None:
    assert wrong_in(line) == wrong


def test_commands_are_found_in_prose_and_in_blocks() -> None:
    text = "Say `verk run\n-q x` or:\n\n```sh\npip install . && verk demo --keep\nverk stats \\\n  --json\n```\n"

    assert list(commands_of(text)) == ["verk demo --keep", "verk stats    --json", "verk run -q x"]

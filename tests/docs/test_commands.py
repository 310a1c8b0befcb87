"""The commands in the documents are run by a test, or held to what is there."""

from __future__ import annotations

import configparser
import re
import shlex
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from redis import Redis
from support.blocks import DOCUMENTS, REPOSITORY, blocks
from support.nodes import running_node

from verk_actors.cli import main
from verk_actors.cli.groups import ListOrShow
from verk_actors.settings.config import Config
from verk_actors.wire import cron_entry
from verk_actors.wire.cron_entry import CronEntry
from verk_actors.wire.cron_schedule import CronSchedule
from verk_actors.wire.job import Job

# Commands of `verk` that are run as they stand in a document: those that end. The tests of the command run the others.
RUN_HERE = {"busy", "cron", "doctor", "enqueue", "jobs", "nodes", "queues", "stats", "tree"}
NODE, JID = "web-1-4711-0a1b2c3d", "5a0f3b2c"  # that documents name
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
    command: list[str], redis_url: str, redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if (command[1] not in RUN_HERE or "--watch" in command) and "--dry-run" not in command:
        tests = (REPOSITORY / "tests").rglob("test_*.py")
        assert any(f'"{command[1]}"' in path.read_text() for path in tests), "no test runs it"
        return
    is_asking = command[1] == "tree"
    if not is_asking:
        fill(redis)
    monkeypatch.chdir(app(tmp_path))
    monkeypatch.setattr(sys, "path", [*sys.path])
    config = Config(redis_url=redis_url, node_id="n1", queues={"default": 1})
    with running_node(config) if is_asking else nullcontext():
        answer = ["--yes"] if "stop" in command else []  # a reader is at a terminal, and is asked
        ran = CliRunner().invoke(main, [*command[1:], *answer], env={"VERK_REDIS_URL": redis_url})

    assert ran.exit_code == 0, ran.output


def fill(redis: Redis) -> None:
    """Have the job and the node there that documents name."""
    redis.zadd("dead", {f'{{"class":"Mail","args":[],"queue":"mail","jid":"{JID}"}}': 1.0})
    nightly = CronEntry("nightly", Job(class_="Report", args=[]), CronSchedule("@daily"))
    redis.hset("verk:cron", "nightly", cron_entry.write(nightly))
    redis.hset("verk:cron:slots", "nightly", redis.time()[0])
    redis.sadd("verk_nodes", NODE)
    redis.set(f"verk:node:{NODE}", "token", px=60_000)
    redis.sadd("processes", f"verk:process:{NODE}")
    redis.hset(f"verk:process:{NODE}", mapping={"beat": str(redis.time()[0]), "quiet": "false"})


def app(directory: Path) -> Path:
    """Write the program of the reader's."""
    (directory / "app").mkdir()
    (directory / "app" / "jobs.py").write_text("")
    return directory


def parse(arguments: list[str]) -> None:
    """Have click read the arguments as the command would, without running it."""
    command: click.Command = main
    context = click.Context(main, info_name="verk")
    while isinstance(command, click.Group) and (arguments or command is main):
        found = command.get_command(context, arguments[0])
        if found is None and isinstance(command, ListOrShow):
            found, arguments = command.commands["show"], ["show", *arguments]
        assert found is not None, f"no command {arguments[0]}"
        command, arguments = found, arguments[1:]
    if "--help" not in arguments:
        command.make_context("verk", list(arguments))


def extras_of_the_package() -> set[str]:
    setup = configparser.ConfigParser(interpolation=None)
    setup.read(REPOSITORY / "setup.cfg")
    return set(setup["options.extras_require"])

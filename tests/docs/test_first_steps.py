"""docs/first-steps.md, from top to bottom: its files are written, and its commands do what it says."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from redis import Redis
from support.blocks import REPOSITORY, Block, blocks
from support.commands import Command, environment, verk

PAGE = REPOSITORY / "docs/first-steps.md"


def shell_commands() -> list[str]:
    return [line for block in blocks(PAGE, "sh") for line in block.code.splitlines()]


def test_the_commands_are_those_that_are_run_below() -> None:
    assert shell_commands() == [
        "pip install '.[embedded]'",  # by the gate
        "verk demo",  # by the gate, and by tests/cli/test_demo.py
        "pip install '.[embedded,web]'",
        "verk demo --web 127.0.0.1:0 --keep",
        "verk run -r jobs",
        "python sign_up.py",
        """verk enqueue welcome '["Alan"]' --queue mail""",
        """verk enqueue welcome '["Ada", "twice"]' --queue mail""",
        "verk stats",
    ]


@pytest.mark.slow  # a node and four programs, each a process
def test_the_first_steps_lead_where_they_say(redis_url: str, redis: Redis, tmp_path: Path) -> None:
    files = [block for block in blocks(PAGE, "python", "toml") if block.file]
    assert [block.file for block in files] == ["jobs.py", "verk.toml", "sign_up.py"]
    for block in files:
        write(block, tmp_path, redis_url)
    [printed] = [block.code for block in blocks(PAGE, "text")]

    with Command("run", "-r", "jobs", cwd=tmp_path) as node:
        node.expect(" runs; queues: mail")
        as_typed = environment() | {"PYTHONSAFEPATH": ""}  # its directory is on the path
        subprocess.run([sys.executable, "sign_up.py"], cwd=tmp_path, env=as_typed, check=True, timeout=30)
        node.expect("Hello Grace", count=2)
        assert verk("enqueue", "welcome", '["Alan"]', "--queue", "mail", cwd=tmp_path).returncode == 0
        node.expect("Hello Alan")
        assert verk("enqueue", "welcome", '["Ada", "twice"]', "--queue", "mail", cwd=tmp_path).returncode == 0
        node.expect(" fail: ")
        assert redis.zcard("retry") == 1
        assert "mail" in verk("stats", cwd=tmp_path).stdout
        node.send(signal.SIGINT)
        assert node.exit_code() == 0

    said = re.findall(r"Hello [A-Za-z]+", node.output)  # a line of the log may begin behind one, on the same line
    assert said == [*printed.splitlines(), "Hello Alan"]


def write(block: Block, directory: Path, redis_url: str) -> None:
    assert block.file
    (directory / block.file).write_text(block.code.replace("embedded:.verk", redis_url))

"""The token of a lease: whom it names, and when its process is provably dead."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from verk_actors.tree import token

needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
PARTS = ("host", "boot", "pid", "start", "nonce")


def changed(mine: str, **parts: str) -> str:
    """Return a token with some of its parts changed."""
    return "|".join((dict(zip(PARTS, mine.split("|"), strict=True)) | parts).values())


@contextmanager
def a_process(then: str = "input()") -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Lend a process and the token that it made."""
    script = f"from verk_actors.tree.token import new_token; print(new_token(), flush=True); {then}"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip()
        process.kill()


@needs_proc
def test_a_process_is_dead_once_it_has_ended_and_not_before() -> None:
    with a_process() as (process, its):
        assert not token.is_dead(its)
        process.kill()
        process.wait()
        assert token.is_dead(its)


@needs_proc
def test_a_zombie_is_dead_though_its_parent_has_not_looked_yet() -> None:
    """As after a kill in a container, whose first process often looks after no child."""
    with a_process("pass") as (process, its):
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert token.is_dead(its)


def test_a_process_of_another_user_whom_proc_hides_is_not_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = token.new_token()
    monkeypatch.setattr(token, "_start_of", lambda pid: "")

    assert not token.is_dead(mine)
    assert not token.is_dead(changed(mine, pid="1"))


@needs_proc
def test_a_pid_that_has_passed_to_another_process_is_told_by_the_start() -> None:
    assert token.is_dead(changed(token.new_token(), start="1"))


@pytest.mark.parametrize(
    "parts",
    [
        {"host": "elsewhere/4026531836"},
        {"boot": "7c5b0d5c-0000-0000-0000-000000000000"},  # a machine of the same name, from the same image
        {"boot": ""},
        {"start": ""},
        {"pid": ""},
        {"pid": "-1"},
        {"pid": "²"},
        {"pid": "1" * 30},
        {"pid": "../1"},
        {"nonce": "|"},
    ],
    ids=str,
)
def test_of_a_token_that_can_not_be_judged_here_the_process_may_live(parts: dict[str, str]) -> None:
    assert not token.is_dead(changed(token.new_token(), **parts))


@pytest.mark.parametrize("holder", ["", "alive", "|", "||||", "|" * 100, "\x00\n", "x" * 10_000])
def test_a_lease_that_is_no_token_of_ours_may_be_of_a_live_node(holder: str) -> None:
    """Such as Verk's own, whose value is "alive"."""
    assert not token.is_dead(holder)
    assert token.shown(holder).isprintable()
    assert len(token.shown(holder)) <= 201


def test_a_token_is_shown_by_its_process_and_host() -> None:
    assert token.shown("web-1/4026531836|boot|77|123|nonce") == "process 77 on host web-1"
    assert token.shown("web-1\n|boot|77|123|nonce") == r"process 77 on host web-1\n"
    assert token.shown("alive") == "alive"


def test_no_two_tokens_are_the_same() -> None:
    assert len({token.new_token() for _ in range(100)}) == 100

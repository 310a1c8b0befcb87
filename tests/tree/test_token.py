"""The token of a node id: what it tells of its process, and what nobody can know."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from verk_actors.tree import token


def test_the_token_of_this_process_is_alive_and_each_is_another() -> None:
    assert not token.is_dead(token.new_token())
    assert token.new_token() != token.new_token()


def test_a_process_that_has_ended_is_dead() -> None:
    command = [sys.executable, "-c", "from verk_actors.tree.token import new_token; print(new_token())"]
    of_another = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    assert token.is_dead(of_another)


def changed(at: int, value: str) -> str:
    parts = token.new_token().split("|")
    parts[at] = value
    return "|".join(parts)


@pytest.mark.parametrize(("at", "value"), [(1, "another boot"), (3, "1")], ids=["before a reboot", "a pid used again"])
def test_a_process_of_this_host_that_started_at_another_time_is_dead(at: int, value: str) -> None:
    assert token.is_dead(changed(at, value))


@pytest.mark.parametrize(
    "unknown",
    [
        pytest.param("", id="nothing"),
        pytest.param("a b c", id="of somebody else"),
        pytest.param("1|2|3|4|5|6", id="too many parts"),
        pytest.param(changed(0, "elsewhere/1"), id="another host"),
        pytest.param(changed(2, "no number"), id="no pid"),
        pytest.param(changed(1, ""), id="a system that tells no boot"),
        pytest.param(changed(3, ""), id="a system that tells no start"),
    ],
)
def test_where_nobody_here_can_know_a_process_is_not_taken_for_dead(unknown: str) -> None:
    assert not token.is_dead(unknown)


def test_a_token_is_shown_as_a_process_and_a_host() -> None:
    assert token.shown("web-1/4026531836|boot|77|99|nonce") == "process 77 on host web-1"
    assert token.shown("something else") == "something else"
    assert f"process {os.getpid()} on host" in token.shown(token.new_token())

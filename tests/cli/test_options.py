"""Options that several commands have: what they refuse."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize("command", [["run", "-q", "q:1"], ["enqueue", "Note"], ["tree"], ["stats"]])
@pytest.mark.parametrize("url", ["redis://:hush@host", "rediss://me:hush@host:6380/1", "unix://me:hush@/redis.sock"])
def test_a_password_on_the_command_line_is_refused_and_not_repeated(verk_here, command, url) -> None:
    refused = verk_here(*command, "--redis", url)

    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == (
        "Error: --redis would show its password in the list of processes: set VERK_REDIS_URL instead\n"
    )


def test_a_password_that_makes_the_url_malformed_is_not_repeated_either(verk_here) -> None:
    refused = verk_here("stats", "--redis", "redis://:hu/sh@host")

    assert refused.returncode == 2
    assert "redis_url='redis://***@host' is not allowed" in refused.stderr


def test_a_password_in_the_variable_is_taken(verk_here) -> None:
    failed = verk_here("stats", VERK_REDIS_URL="redis://:hush@127.0.0.1:1")

    assert failed.returncode == 1
    assert "connect redis://***@127.0.0.1:1 failed" in failed.stderr
    assert "hush" not in failed.stderr

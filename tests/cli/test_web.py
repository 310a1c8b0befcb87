"""`verk web`, and the dashboard that `verk run` serves; that of `verk demo` is in test_demo.py."""

from __future__ import annotations

import re
import signal

import httpx
import pytest
from support.commands import Command

from verk_actors.cli.run import _command, _given
from verk_actors.cli.run import command as run
from verk_actors.settings.config import Config

pytestmark = pytest.mark.slow  # an interpreter starts
URL = re.compile(r"dashboard is at (http://\S+)\n")


def url_of(command: Command) -> str:
    command.expect("dashboard is at http://")
    command.expect("/\n")
    return URL.search(command.output)[1]


def test_it_serves_until_a_signal_ends_it_and_asks_for_the_password_of_the_variable(tmp_path, redis_url):
    variables = {"VERK_WEB": "ada:secret@0.0.0.0:0"}
    with Command("web", "--redis", redis_url, "--read-only", cwd=tmp_path, **variables) as web:
        url, ada = url_of(web).replace("0.0.0.0", "127.0.0.1"), ("ada", "secret")
        with httpx.Client(timeout=60) as browser:
            unknown, page = browser.get(url), browser.get(f"{url}queues", auth=ada)
            refused = browser.post(f"{url}queues/q/pause", auth=ada, headers={"x-requested-with": "test"})
        web.send(signal.SIGTERM)

        assert web.exit_code() == 0
    assert (unknown.status_code, page.status_code) == (401, 200)
    assert refused.status_code == 403
    assert "secret" not in web.output


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["0.0.0.0:0"], "an address of this machine alone, USER:PASSWORD@…, or …?insecure"),
        (["ada:secret@0.0.0.0:0"], "the list of processes would show the password: set VERK_WEB instead"),
        (["nonsense:x"], "web='nonsense:x' is not allowed"),
    ],
)
def test_what_would_let_others_in_or_is_no_address_is_refused_in_one_line(verk_here, arguments, why):
    said = verk_here("web", *arguments)

    assert (said.returncode, said.stdout) == (2, "")
    assert said.stderr.startswith("Error: ")
    assert why in said.stderr
    assert said.stderr.count("\n") == 1


def test_a_node_takes_the_same_addresses(verk_here):
    refused = verk_here("run", "-q", "q:1", "--web", "0.0.0.0:0")

    assert refused.returncode == 2
    assert "an address of this machine alone" in refused.stderr


def test_of_several_nodes_the_first_serves_it():
    options = ["-q", "q:1", "--processes", "3", "--web", "0.0.0.0:0", "--insecure"]
    given = list(_given(run.make_context("run", [*options])))
    commands = {node_id: _command(Config(), given, node_id) for node_id in ("a-1", "a-2", "a-11")}

    assert given == options
    assert {node_id: command[-2:] == ["--web", ""] for node_id, command in commands.items()} == {
        "a-1": False,
        "a-2": True,
        "a-11": True,
    }

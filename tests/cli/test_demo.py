"""`verk demo`: it shows jobs of every fate, counts them truly, and leaves nothing behind."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from support.commands import Command, on_a_terminal, verk
from support.leftovers import nothing_is_left

from verk_actors import embedded

pytestmark = pytest.mark.slow  # some jobs are due after seconds

SUMMARY = {"finished": 139, "retried": 4, "dead": 3, "scheduled_ran": 3, "restarts": 2, "lost": 0}


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """Return the directory for temporary files; a server in it that a failed test has left is stopped."""
    home = tmp_path / "t"
    home.mkdir()
    yield home
    for directory in home.glob("verk-demo-*"):
        embedded.stop(directory)


def test_it_ends_by_itself_and_says_what_became_of_the_jobs(tmp_path, home):
    said = verk("demo", cwd=tmp_path, TMPDIR=str(home))

    assert (said.returncode, said.stderr) == (0, "")
    for part in [
        "attempt 1 in queue mail, ConnectionError: shop-0.example.org does not answer",
        "attempt 2 in queue default, dead, ValueError: the card of ada has expired",
        "crashed: NotHandled",
        "The supervision tree, 2 restarts",
        "└─ queues_drainer",
        "What became of the jobs",
    ]:
        assert part in said.stdout
    assert "\x1b" not in said.stdout
    assert nothing_is_left(home)


def test_the_summary_is_the_last_line_as_json_whatever_is_set_for_real_nodes(tmp_path, home):
    (tmp_path / "verk.toml").write_text("nonsense = 1\n")

    said = verk("demo", "--json", cwd=tmp_path, TMPDIR=str(home), VERK_QUEUES="a:1", VERK_REDIS_URL="redis://nowhere")

    assert said.returncode == 0
    assert json.loads(said.stdout.splitlines()[-1]) == SUMMARY


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_early_and_leaves_nothing(tmp_path, home, number):
    with Command("demo", cwd=tmp_path, TMPDIR=str(home)) as demo:
        demo.expect("attempt 1")
        demo.send(number)

        assert demo.exit_code() == 128 + number

    assert "What became of the jobs" not in demo.output
    assert nothing_is_left(home)


def test_it_stays_when_told_so_and_other_commands_work_on_it(tmp_path, home):
    with Command("demo", "--keep", "--json", "--web", "127.0.0.1:0", cwd=tmp_path, TMPDIR=str(home)) as demo:
        demo.expect('"lost": 0}\n')
        assert json.loads(re.search("^{.*}$", demo.output, re.MULTILINE)[0]) == SUMMARY
        url = re.search(r"The dashboard is at (\S+)", demo.output)[1]
        demo.expect("EncodeVideo")  # more jobs come
        assert httpx.get(f"{url}api/v1/stats", timeout=60).json()["queues"] == 3
        [directory] = home.glob("verk-demo-*")
        redis_url = f"embedded:{directory}"
        assert f"verk tree --redis {redis_url}\n" in demo.output

        tree = verk("tree", "--redis", redis_url, cwd=tmp_path)
        jid = verk("enqueue", "WriteReceipt", '["you", 1]', "--redis", redis_url, "--queue", "mail", cwd=tmp_path)
        demo.expect(f"WriteReceipt {jid.stdout.strip()} done")
        demo.send(signal.SIGINT)

        assert demo.exit_code() == 0
    assert tree.stdout.startswith("node demo\nactor_system")
    assert nothing_is_left(home)


def test_without_a_server_program_it_names_the_ways_out(tmp_path, home):
    failed = verk("demo", cwd=tmp_path, TMPDIR=str(home), VERK_REDIS_SERVER="/nowhere")

    assert failed.returncode == 1
    assert failed.stderr == (
        "Error: the embedded server is not available: VERK_REDIS_SERVER=/nowhere is no program that can be run\n"
    )
    assert not list(home.iterdir())


def test_on_a_terminal_it_draws_a_picture(tmp_path, home):
    shown = on_a_terminal("demo", cwd=tmp_path, TMPDIR=str(home), TERM="xterm", COLUMNS="100")

    assert "105 of 105 jobs" in shown
    assert "workers busy" in shown
    assert shown.index("\x1b[?25l") < shown.index("\x1b[?25h")  # the cursor is back

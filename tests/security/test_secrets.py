"""A password of Redis is in no log line, no repr, no traceback and no list of processes, whatever goes wrong.

One node goes through an outage, a wrong password, crashes and a stop, in this process, where all can be looked at;
another as the command, with its output and those of `verk stats` and `verk tree`.
"""

from __future__ import annotations

import logging
import pickle
import secrets
import signal
import traceback
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest
import redis as redis_py
from support.commands import Command, verk
from support.eventually import eventually
from support.nodes import running_node
from support.servers import OwnServer

from verk_actors.client import Client
from verk_actors.errors import ConfigError, StoreError
from verk_actors.events import JobFinished
from verk_actors.otp import Cast, snapshot
from verk_actors.settings.config import Config
from verk_actors.settings.queues import QueueConfig
from verk_actors.settings.redis_url import RedisUrl
from verk_actors.store import connection
from verk_actors.store.connection import Connection
from verk_actors.store.pool import Pool
from verk_actors.tree import names
from verk_actors.wire.job import Job

# New ones each time: the list of processes is the whole machine's.
SECRET = f"s3cr3t-{secrets.token_hex(8)}"
WRONG = f"wr0ng-{secrets.token_hex(8)}"


class Planted(Cast):
    """No actor has a handler for it."""


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[OwnServer]:
    """Return a server that wants a password."""
    with OwnServer(tmp_path / "locked", requirepass=SECRET) as server:
        yield server


def url_of(server: OwnServer, password: str = SECRET) -> str:
    return f"redis://:{password}@127.0.0.1:{server.port}/0"


def set_password(server: OwnServer, old: str, new: str) -> None:
    """Change what the server wants, and end all connections that had the old one."""
    with redis_py.Redis(port=server.port, password=old) as client:
        client.config_set("requirepass", new)
        client.client_kill_filter(_type="normal", skipme=False)


@pytest.mark.slow  # Redis goes away twice
@pytest.mark.logs_errors("Redis is of no use now", "Redis refuses this node", "crashed: NotHandled")
def test_a_node_shows_no_password_through_an_outage_a_wrong_password_crashes_and_a_stop(
    locked: OwnServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    config = Config(redis_url=url_of(locked))
    seen: list[object] = []
    with running_node(config, queues={"q": 2}, heartbeat_seconds=0.5) as node:  # somebody looks at Redis soon
        finish_one(node)
        locked.kill()
        failure_of(node.client, seen)
        eventually(lambda: "connect" in caplog.text, "line about the outage")
        locked.start()
        eventually(lambda: finish_one(node, quiet=True), "job after the outage")
        set_password(locked, SECRET, WRONG)
        failure_of(node.client, seen)
        eventually(lambda: "invalid username-password" in caplog.text or "WRONGPASS" in caplog.text, "refusal")
        set_password(locked, WRONG, SECRET)
        eventually(lambda: finish_one(node, quiet=True), "job after the refusals")
        for name in (names.queue_manager("q"), names.NODE_MANAGER, names.SCHEDULE_MANAGER):
            old = node.whereis(name)
            old.cast(Planted())
            seen.append(node.successor(old))
        seen += [node.status(), snapshot(node.system), node.config, node.client, node.state, *node.log.events]

    records = [repr(vars(record)) + logging.Formatter().format(record) for record in caplog.records]
    assert len(records) > 10
    for secret in (SECRET, WRONG):
        assert [record for record in records if secret in record] == []
        assert [shown for shown in map(repr, seen) if secret in shown] == []
        assert secret not in " ".join(process_list())


def finish_one(node, quiet: bool = False) -> bool:
    """Run a job to its end; False where Redis is not there."""
    try:
        jid = node.client.enqueue(Job(class_="Good", args=[], queue="q"))
    except StoreError:
        assert quiet
        return False
    node.log.expect(JobFinished, jid=jid)
    return True


def failure_of(client: Client, seen: list[object]) -> None:
    """Have a client fail, and keep what it raises."""

    def fails() -> bool:
        try:
            client.counters.totals()
        except StoreError as error:
            seen.append(with_locals(error))
            seen.append(error)
            return True
        return False

    eventually(fails, "failure of the client")


def with_locals(error: BaseException) -> str:
    """Return a traceback with the locals of all frames, as tools for reports of errors collect them."""
    return "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())


def process_list() -> list[str]:
    """Return the command lines of all processes on this machine."""
    lines = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(file.read_text(errors="replace"))
        except OSError:
            continue  # it has just ended
    return lines


@pytest.mark.slow  # interpreters start
def test_the_command_prints_no_password_and_gives_none_to_a_child(locked: OwnServer, tmp_path: Path) -> None:
    variables = {"VERK_REDIS_URL": url_of(locked)}
    (tmp_path / "jobs.py").write_text("from verk_actors import worker\n@worker\ndef Note(key): ...\n")
    said = []
    with Command("run", "-r", "jobs", "-q", "default:2", cwd=tmp_path, **variables) as node:
        node.expect(" runs; queues: ")
        said += [verk(word, "--json", cwd=tmp_path, **variables) for word in ("stats", "tree")]
        with Client(Config(redis_url=url_of(locked))) as client:
            client.enqueue(Job(class_="Note", args=[1]))
        node.expect(" done: ")
        assert SECRET not in " ".join(process_list())
        locked.kill()
        node.expect("Redis is of no use now")
        said.append(verk("stats", cwd=tmp_path, **variables))
        locked.start()
        node.expect("Redis is back")
        node.send(signal.SIGTERM)
        assert node.exit_code() == 0
    said.append(verk("stats", cwd=tmp_path, VERK_REDIS_URL=url_of(locked, WRONG)))

    assert [one.returncode for one in said] == [0, 0, 1, 1]
    output = node.output + "".join(one.stdout + one.stderr for one in said)
    assert SECRET not in output
    assert WRONG not in output


URLS = [
    pytest.param(f"redis://user:{SECRET}@127.0.0.1:1/0", id="one"),
    pytest.param(f"redis+sentinel://user:{SECRET}@127.0.0.1:1/main?sentinel_password={SECRET}", id="sentinel"),
]


def public_holders(text: str) -> list[object]:
    config = Config(redis_url=text)
    url = config.redis_url
    queue = QueueConfig(redis_url=url)
    return [config, url, queue, Client(config), Connection(url, name="n"), Pool(url, name="p")]


@pytest.mark.parametrize("text", URLS)
def test_no_view_of_what_holds_a_url_shows_its_password(text: str) -> None:
    for holder in public_holders(text):
        views = [repr(holder), str(holder), f"{holder}", repr(vars(holder)) if hasattr(holder, "__dict__") else ""]
        if attrs.has(type(holder)):
            views += [repr(attrs.asdict(holder)), repr(attrs.astuple(holder))]
        assert [view for view in views if SECRET in view] == []


@pytest.mark.parametrize("text", URLS)
def test_no_pickle_holds_a_password(text: str) -> None:
    for holder in public_holders(text):
        with pytest.raises(TypeError) as refused:
            pickle.dumps(holder)
        assert SECRET not in str(refused.value)


@pytest.mark.parametrize("port", ["closed", "wrong password"])
def test_no_local_of_a_frame_that_an_error_leads_to_shows_the_password(port: str, locked: OwnServer) -> None:
    if port == "closed":
        locked.kill()
    url = RedisUrl(url_of(locked, WRONG))
    holder = Connection(url, name="test")

    for ask in (lambda: holder.call("PING"), lambda: holder.send("PING"), holder.fileno):
        with pytest.raises(StoreError) as raised:
            ask()
        assert WRONG not in with_locals(raised.value)


def test_the_error_for_a_setting_that_can_not_be_does_not_show_the_password(tmp_path: Path) -> None:
    url = f"redis://:{SECRET}@host"
    file = tmp_path / "verk.toml"
    file.write_text(f'redis_url = "{url}/x"')
    for configure in (
        lambda: Config(redis_url=f"{url}/x"),
        lambda: Config(redis_url=f"redis://host?password={SECRET}"),
        lambda: Config(redis_url=f"x{url}"),
        lambda: Config(redis_url=f"redis:user:{SECRET}@host/0"),
        lambda: Config(redis_url=f"redis+sentinel://host/S?sentinel_password=a&{SECRET}"),
        lambda: Config.from_env({"VERK_REDIS_URL": f"{url}/x"}),
        lambda: Config.from_env({"VERK_REDISURL": url}),
        lambda: Config.from_env({}, redisurl=url),
        lambda: Config.from_toml(file),
    ):
        with pytest.raises(ConfigError) as raised:
            configure()
        assert SECRET not in f"{raised.value} {raised.value!r} {raised.value.value}"
        assert SECRET not in "".join(traceback.format_exception(raised.value))


def test_a_password_that_crosses_a_network_bare_is_warned_of_once(caplog) -> None:
    """Without a server: the warning comes before the connection, which is refused at once."""
    connection._warn_of_bare_password.cache_clear()
    # 0.0.0.0 leads to this machine, but is not its loopback
    for _ in range(2):
        for url in (f"redis://:{SECRET}@0.0.0.0:1", f"redis://:{SECRET}@127.0.0.1:1", "redis://0.0.0.0:1"):
            with Client(Config(redis_url=url)) as client, pytest.raises(StoreError):
                client.counters.totals()

    assert [record.getMessage() for record in caplog.records] == [
        "redis://***@0.0.0.0:1: the password crosses the network in clear text; use rediss://"
    ]


@pytest.mark.parametrize("setting", ["none", "optional", "NONE", "", "false"])
def test_the_check_of_a_certificate_can_not_be_switched_off(setting: str) -> None:
    with pytest.raises(ConfigError, match="certificate"):
        RedisUrl(f"rediss://redis.example?ssl_cert_reqs={setting}")
    with pytest.raises(ConfigError):
        RedisUrl("rediss://redis.example?ssl_check_hostname=false")

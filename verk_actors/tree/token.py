"""The token that a process holds its node id with: who it is, and how to tell that it is dead."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from verk_actors.errors import loggable

_PARTS = 5
_ZOMBIE = "Z"


def new_token() -> str:
    """Return a token of this process: host, boot, pid, start of the process, and a nonce.

    Boot and start tell a process from another that gets the same pid later.
    """
    return "|".join((_host(), _boot(), str(os.getpid()), _start_of(os.getpid()), secrets.token_hex(6)))


def is_dead(token: str) -> bool:
    """Whether the token's process is provably dead; False where nobody here can know.

    Nobody knows of other hosts, though they may bear the same name, nor of another boot: machines that were made from
    one image have one name and many boots. After a boot of this one the lease has run out anyway.
    """
    parts = token.split("|")
    if len(parts) != _PARTS:
        return False
    host, boot, pid, start, _ = parts
    if (host, boot) != (_host(), _boot()) or not (boot and start and pid.isascii() and pid.isdecimal()):
        return False
    found = _start_of(int(pid))
    return found != start if found else not _exists(int(pid))


def shown(token: str) -> str:
    """Return a token in words, for a log line or an error."""
    parts = token.split("|")
    words = f"process {parts[2]} on host {parts[0].partition('/')[0]}" if len(parts) == _PARTS else token
    return loggable(words)


def _host() -> str:
    """Return the host, and where pids mean something else in its containers, which container."""
    try:
        pids = Path("/proc/self/ns/pid").readlink().name.strip("pid:[]")
    except OSError:
        pids = ""
    return f"{os.uname().nodename.replace('|', '-')}/{pids}"


def _boot() -> str:
    return _read("/proc/sys/kernel/random/boot_id")


def _start_of(pid: int) -> str:
    """Return when a process started, in clock ticks since the boot, or that it is a zombie; empty if not seen."""
    stat = _read(f"/proc/{pid}/stat")
    fields = stat.rpartition(")")[2].split()  # the name before it may hold anything
    if not fields:
        return ""
    return _ZOMBIE if fields[0] == _ZOMBIE else fields[19]  # field 22 of proc(5), counted from the state


def _exists(pid: int) -> bool:
    """Whether there is such a process; where /proc hides those of other users, this still tells."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):  # another user's; or a number that is no pid, of which nothing is known
        return True
    return True


def _read(path: str) -> str:
    try:
        return Path(path).read_text(errors="replace").strip()
    except OSError:
        return ""

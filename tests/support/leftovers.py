"""What a command may leave behind on a machine: nothing."""

from __future__ import annotations

from pathlib import Path


def processes_below(directory: Path) -> list[str]:
    """Return the commands of all processes that name a file in a directory, or work in it."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if str(directory) in command or (process / "cwd").readlink().is_relative_to(directory):
                found.append(command)
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue  # it has just ended, or is somebody else's
    return found


def nothing_is_left(home: Path) -> bool:
    """Whether a directory for temporary files is empty and no process has to do with it."""
    return not list(home.iterdir()) and not processes_below(home)

"""`verk run --dev`: which files of a program under work have changed."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from verk_actors.extras import extra_missing

_LOOK_MILLISECONDS = 200  # no longer does a signal wait


def changes(directory: Path) -> Iterator[Collection[str]]:
    """Return what yields the Python files below a directory that have changed, or none, several times a second."""
    try:
        from watchfiles import PythonFilter, watch
    except ModuleNotFoundError as error:
        raise extra_missing("dev", error) from None
    found = watch(
        directory,
        watch_filter=PythonFilter(),
        rust_timeout=_LOOK_MILLISECONDS,
        yield_on_timeout=True,
        raise_interrupt=False,
    )
    return ({_shown(path, directory) for _, path in one} for one in found)


def _shown(path: str, directory: Path) -> str:
    inside = Path(path).is_relative_to(directory)
    return str(Path(path).relative_to(directory)) if inside else path

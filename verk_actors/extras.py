"""What is said where a part is used whose packages were not installed."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import attrs

from verk_actors.errors import VerkError


@attrs.define(eq=False)
class ExtraMissing(VerkError):
    """Raised when a part is used whose packages are missing; install the extra that it names."""

    extra: str
    package: str

    def __str__(self) -> str:
        return f"{self.package} is missing: pip install 'verk-actors[{self.extra}]'"


def part(name: str) -> Any:
    """Return a module of ours that needs an extra, imported when it is used; raises `ExtraMissing` without that."""
    return import_module(f"verk_actors.{name}")


def extra_missing(extra: str, error: ModuleNotFoundError) -> Exception:
    """Return what to raise instead: the error itself, where it is a module of our own that is missing."""
    package = (error.name or "").partition(".")[0]
    return error if package in ("", "verk_actors") else ExtraMissing(extra, package)

"""The modules with job classes that an operator names by `-r`, imported."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from pathlib import Path

import click

modules_option = click.option(
    "-r", "--require", "modules", metavar="MODULE", multiple=True, help="Import a module with job classes."
)


def import_all(modules: Sequence[str]) -> None:
    """Import modules in their order, from the current directory or the Python path."""
    here = str(Path.cwd())
    if modules and here not in sys.path:
        sys.path.insert(0, here)
    for module in modules:
        if not module or module.startswith("."):
            raise click.UsageError(f"-r {module!r}: the whole name of a module is needed")
        try:
            importlib.import_module(module)
        except ModuleNotFoundError as error:
            if error.name is None or not f"{module}.".startswith(f"{error.name}."):
                raise  # it was found, and imports something that was not
            hint = "; name a module, not a file" if module.endswith(".py") else ""
            raise click.UsageError(
                f"-r {module}: no module of that name, neither here nor on the Python path{hint}"
            ) from error

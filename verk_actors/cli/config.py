"""`verk config`: the settings in force and where each is from; checks them, and begins a file of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from verk_actors.cli.modules import import_all, modules_option
from verk_actors.cli.options import as_json_line, json_option
from verk_actors.cli.toml_text import beginning, in_force, values_of
from verk_actors.errors import loggable
from verk_actors.jobs.registry import Terms, registry
from verk_actors.settings.config import Config
from verk_actors.settings.references import resolved_plain


@click.group("config")
def command() -> None:
    """Show the settings in force, check them, or begin a file of them."""


@command.command("show")
@json_option
def show(as_json: bool) -> None:
    """Show every setting in force here, as TOML, and where it is from: a variable, a file, or the default.

    Passwords are left out.
    """
    config = Config.load()
    click.echo(as_json_line(values_of(config)) if as_json else in_force(config, Config.origins()))


@command.command("init")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), default="verk.toml")
def init(file: Path) -> None:
    """Write a FILE with every setting, what it means, and its default; verk.toml unless named. None is overwritten."""
    try:
        with file.open("x", encoding="utf-8") as opened:
            opened.write(beginning())
    except OSError as error:
        raise click.UsageError(f"{loggable(str(file))} can't be written: {error.strerror}") from error
    click.echo(f"{file} is written")


@command.command("check")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), required=False)
@modules_option
def check(file: Path | None, modules: tuple[str, ...]) -> None:
    """Check the settings in force here, or those of a FILE, with the functions and modules that they name.

    Exit code 2 where something can't be used; it says what. Redis is not asked: see verk doctor.
    """
    import_all(modules)
    config = Config.load() if file is None else Config.from_toml(file)
    Terms.of(config)
    for one in config.client_middleware:
        resolved_plain("client_middleware", one)
    origins: Mapping[str, str] = Config.origins() if file is None else {"": str(file)}
    click.echo(f"read: {', '.join(dict.fromkeys(origins.values())) or 'defaults alone'}")
    click.echo(f"queues: {', '.join(config.all_queues) or 'none'}")
    if modules:
        click.echo(f"job classes: {', '.join(registry.names()) or 'none'}")
    click.echo("the settings can be used")

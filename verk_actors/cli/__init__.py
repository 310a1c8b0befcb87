"""The command `verk`: a list of commands, each of which is loaded when it is used.

So `verk --help` answers at once, without a look at Redis or the actors. Each module here that has a `command` is a
command; errors that users may meet end it with one line.

Exit codes: 0 done; 1 it failed: Redis or a node did not answer, the node gave up, or it stopped while Redis was away,
which keeps its jobs until another node takes them; 2 it can't be done as it was asked for: an option, a setting or an
argument is wrong, or the node id is in use. `verk run` adds 128 + the signal where a second signal stopped it.

Colours are left out where standard output is no terminal, and where `NO_COLOR` is set (https://no-color.org).
"""

from __future__ import annotations

import importlib
import io
import os
import sys
from typing import Any

import click

_COMMANDS = {
    "demo": "Watch jobs of every fate, on a Redis of their own.",
    "run": "Run a node in the foreground.",
    "health": "Tell whether the node on this machine is alive, or ready.",
    "web": "Serve the dashboard.",
    "enqueue": "Enqueue a job.",
    "stats": "Show queues, sets, totals and nodes.",
    "queues": "List queues; pause, resume or clear one.",
    "batch": "List the batches; show, watch or delete one.",
    "cron": "List the periodic jobs; add, remove, pause, resume or run one.",
    "limits": "List the limits, and who waits for them; begin one anew.",
    "jobs": "List the jobs of a queue or a set; show, retry, delete, kill or cancel some.",
    "busy": "List the jobs that run now.",
    "nodes": "List the nodes; quiet, stop or rescue one.",
    "tree": "Show the supervision tree of a running node.",
    "doctor": "Look for what loses jobs or lets them stand still, with the remedy.",
    "top": "Watch all of it on the terminal, live, and do something about it.",
    "redis": "Start, stop and look into the embedded Redis.",
    "config": "Show the settings in force, check them, or begin a file of them.",
    "completion": "Print what makes a shell complete these commands.",
    "version": "Show the versions of what is installed.",
    "chaos": "Kill nodes and Redis while jobs run, and count the jobs.",
    "bench": "Measure how fast jobs run here.",
}
_EXIT_CODES = "Exit codes: 0 done, 1 it failed, 2 it can't be done as it was asked for."


class Commands(click.Group):
    """Imports a command when it is called, not when it is listed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, those that a newcomer needs first."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of that name."""
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"{__name__}.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List them without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what a user may have to correct is told in one line."""
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            error.ctx = None  # the usage above the line would hide it
            raise
        except Exception as error:
            if (failure := _failure_of(error)) is not None:
                raise failure from error
            raise


def _failure_of(error: Exception) -> click.ClickException | None:
    """Return what tells a user of an error in one line; None for one that is nobody's to correct."""
    # With attrs, which takes a third of the time of --help.
    from verk_actors.errors import ConfigError, InvalidJob, NodeIdInUse, VerkError
    from verk_actors.settings.address import CannotListen
    from verk_actors.wire.cron_schedule import InvalidCron

    if not isinstance(error, VerkError):
        return None
    not_as_asked = isinstance(error, CannotListen | ConfigError | InvalidCron | InvalidJob | NodeIdInUse)
    return (click.UsageError if not_as_asked else click.ClickException)(str(error))


@click.group(cls=Commands, epilog=_EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Redis-backed job processing on supervised actors."""
    if os.environ.get("NO_COLOR"):
        click.get_current_context().color = False
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a tree's lines are no reason to fail on a terminal without them

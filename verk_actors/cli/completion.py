"""`verk completion`: what makes a shell complete the commands and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

_SHELLS = ("bash", "zsh", "fish")


@click.command("completion")
@click.argument("shell", type=click.Choice(_SHELLS))
def command(shell: str) -> None:
    """Print what makes a shell complete these commands.

    For bash and zsh, put `eval "$(verk completion bash)"` into ~/.bashrc, or the same with zsh into ~/.zshrc; for
    fish: verk completion fish > ~/.config/fish/completions/verk.fish
    """
    kind = get_completion_class(shell)
    assert kind is not None, shell
    click.echo(kind(click.get_current_context().find_root().command, {}, "verk", "_VERK_COMPLETE").source())

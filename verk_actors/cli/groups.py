"""Commands with commands of their own, one of which is meant where none is named."""

from __future__ import annotations

import click


class ListFirst(click.Group):
    """Has a command `list`, and takes its options itself: `verk queues --json` is `verk queues list --json`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `list` in front of what begins with no command; completion sees what was typed."""
        names_none = not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names)
        if names_none and not ctx.resilient_parsing:
            args = ["list", *args]
        return super().parse_args(ctx, args)


class ListOrShow(ListFirst):
    """Has a command `show`, too, and takes the name of a thing itself: `verk batch BID` is `verk batch show BID`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `show` in front of what is neither a command nor an option."""
        is_name = bool(args) and not args[0].startswith("-") and args[0] not in self.commands
        return super().parse_args(ctx, ["show", *args] if is_name and not ctx.resilient_parsing else args)

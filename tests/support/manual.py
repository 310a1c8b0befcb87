"""Writes docs/cli.md from the commands themselves when it is run; a test holds the page against it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import click

from verk_actors.cli import main

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"

COMMON = ("redis_url", "as_json", "yes")
"""Options that many commands have, which are explained once."""

HEAD = """\
# The command line

`verk --help` lists the commands, `verk COMMAND --help` says what one takes. What every command has in common:

- **Settings** are those of `Config.load`: options, then `VERK_*` variables, then `verk.toml` or `[tool.verk]` of
  `pyproject.toml` in the current directory ([configuration.md](configuration.md)). `verk config show` tells which
  hold, and where each is from; `verk config init` writes a file to begin with.
- **`--redis URL`** says where Redis is: `redis://`, `rediss://`, `unix://`, `redis+sentinel://`, `redis+cluster://` or
  `embedded:DIRECTORY`. One with a password belongs in `VERK_REDIS_URL`: options are seen in the list of processes.
- **`--json`** prints what is listed as one line of JSON. Times are unix seconds.
- **Questions.** What can't be undone (`delete`, `kill`, `clear`, `cancel`, `stop`) asks first, with the number of jobs.
  `--yes` answers it; where nobody is at a terminal it is needed. What takes long shows a progress bar there, on
  standard error.
- **Colours** are left out where standard output is no terminal, and where `NO_COLOR` is set.
- **Names from Redis** are shown with everything escaped that is more than text to a terminal.
- **Completion**: `verk completion bash` prints what your shell needs.

## Exit codes

| code | meaning |
|---|---|
| 0 | It is done. |
| 1 | It failed: Redis or a node did not answer, what was named is not there, or the answer to a question was no. \
`verk run`: the node gave up, or it stopped while Redis was away. `verk doctor`: there is a problem. |
| 2 | It can't be done as it was asked for: an option, a setting or an argument is wrong, or the node id is in use. |
| 128 + N | Signal N has ended it: a second one that `verk run` was sent, or one in the middle of a demo. |

## What to type when

```sh
verk run -r app.jobs -q default:25 -q mail:5      # work two queues
verk run -r app.jobs -q default:25 --drain        # until nothing is left to do
verk run -r app.jobs -q default:25 --dry-run      # what would run?
verk stats --watch 2                              # how is it going?
verk busy                                         # what runs, and for how long?
verk jobs list dead --class Mail                  # what has failed for good?
verk jobs show 5a0f3b2c                           # all about one job
verk jobs retry dead --error Timeout              # again, all that failed so
verk jobs delete scheduled --queue mail --yes
verk queues pause mail
verk queues latency default                       # a number, for whoever scales
verk nodes stop web-1-4711-0a1b2c3d
verk doctor -r app.jobs                           # why does nothing run?
```

<!-- the rest is written by tests/support/manual.py -->
"""


def page() -> str:
    """Return the whole page."""
    context = click.Context(main, info_name="verk")
    lines = [HEAD.rstrip("\n")]
    for name in main.list_commands(context):
        lines += section(name, main.get_command(context, name), "##")
    return "\n".join(lines) + "\n"


def section(path: str, command: click.Command | None, mark: str) -> Iterator[str]:
    """Yield what a command and its own commands take."""
    assert command is not None, path
    yield f"\n{mark} verk {path}\n"
    arguments = [one.metavar or one.human_readable_name for one in command.params if isinstance(one, click.Argument)]
    if arguments:
        yield f"`{' '.join(('verk', path, *map(bracketed, arguments)))}`\n"
    yield prose(command.help or "")
    options = [one for one in command.params if isinstance(one, click.Option) and not one.hidden]
    if own := [one for one in options if one.name not in COMMON]:
        yield "\n| option | meaning |\n|---|---|"
        yield from (f"| {spelled(one)} | {meaning(one)} |" for one in own)
    if common := [spelled(one) for one in options if one.name in COMMON]:
        yield f"\nAnd {', '.join(common)}."
    if isinstance(command, click.Group):
        for name, one in command.commands.items():
            yield from section(f"{path} {name}", one, mark + "#")


def prose(text: str) -> str:
    """Return a docstring as Markdown: what looks like a placeholder is no HTML, and no line is broken by hand."""
    paragraphs = inspect.cleandoc(text).replace("\b\n", "").split("\n\n")
    return "\n\n".join(re.sub(r"\s*\n\s*", " ", one).replace("*", r"\*") for one in paragraphs)


def bracketed(argument: str) -> str:
    """Return an argument as click shows it in a usage, without what it adds itself."""
    return argument if argument.startswith("[") or argument.isupper() or "..." in argument else argument.upper()


def spelled(option: click.Option) -> str:
    """Return the names of an option, and what it takes."""
    names = ", ".join(f"`{name}`" for name in sorted((*option.opts, *option.secondary_opts), key=len))
    if option.is_flag or option.count:
        return names
    kind = option.type
    taken = option.metavar or ("one of " + ", ".join(map(str, kind.choices)) if isinstance(kind, click.Choice) else "N")
    return f"{names} {taken}".replace("|", "\\|")


def meaning(option: click.Option) -> str:
    """Return what an option means, and how often it may be given."""
    said = [option.help or ""]
    if option.show_default and option.default is not None:
        said.append(f"Default: {option.default}.")
    if option.multiple:
        said.append("May be given several times.")
    return " ".join(filter(None, said)).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page())

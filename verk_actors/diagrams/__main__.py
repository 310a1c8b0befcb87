"""Writes all diagrams to a directory: `python -m verk_actors.diagrams diagrams`, or `make diagrams`."""

from __future__ import annotations

from pathlib import Path

import click

from verk_actors.diagrams import floors, job_places, messages, redis_keys, supervision_tree
from verk_actors.diagrams.recording import record


@click.command()
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
def main(directory: Path) -> None:
    """Draw the system into text files in DIRECTORY."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in drawings().items():
        (directory / name).write_text(text, encoding="utf-8")


def drawings() -> dict[str, str]:
    """Return the text of each file, by name."""
    seen = record()
    return {
        "supervision_tree.mmd": supervision_tree.mermaid(seen.tree),
        "supervision_tree.dot": supervision_tree.dot(seen.tree),
        "job_that_succeeds.mmd": messages.mermaid(seen.job_that_succeeds),
        "job_that_fails.mmd": messages.mermaid(seen.job_that_fails),
        "job_places.mmd": job_places.mermaid(
            [seen.job_that_succeeds, seen.job_that_fails, seen.job_that_is_scheduled]
        ),
        "redis_keys.md": redis_keys.markdown(),
        "floors.mmd": floors.mermaid(floors.imports()),
    }


if __name__ == "__main__":
    main()

"""`python -m verk_actors` is the command `verk`."""

from __future__ import annotations

from verk_actors.cli import main

main(prog_name="verk")

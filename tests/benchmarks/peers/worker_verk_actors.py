"""Runs one node for the harness for peers, as `verk run` does; the checkout wins over what is installed."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))

import bodies

from verk_actors.cli import main

OPTIONS = ["--redis", bodies.URL, "-r", "app_verk_actors", "--log-level", "warning"]

if __name__ == "__main__":
    main(["run", *OPTIONS, "-q", f"bench:{bodies.CONC}"])

"""`manage.py verk`: a node that works the queues of `settings.VERK`, with the jobs of all apps."""

from __future__ import annotations

import importlib
import logging
from argparse import SUPPRESS, ArgumentParser
from functools import partial
from typing import Any

import attrs
from django.core.management.base import BaseCommand, CommandError
from django.utils.autoreload import get_child_arguments
from django.utils.module_loading import autodiscover_modules

from verk_actors.contrib.django import config
from verk_actors.errors import VerkError
from verk_actors.fleet.running import run_fleet
from verk_actors.logs.formats import formatter
from verk_actors.logs.handler import LineHandler
from verk_actors.node import end_process, run_node
from verk_actors.settings.config import Config
from verk_actors.settings.sources import queue_list


class Command(BaseCommand):
    """Runs a node until a signal ends it, or several."""

    help = "Runs a node in the foreground; SIGTERM or Ctrl+C ends it when running jobs have ended."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add what may differ from one node to the next; the rest is `settings.VERK`."""
        parser.add_argument("-q", "--queue", action="append", metavar="NAME:N[:EXECUTOR]", help="Work these alone.")
        parser.add_argument("--node-id", metavar="ID", help="Bear this name.")
        parser.add_argument("--health", metavar="[HOST:]PORT", help="Where the node answers /healthz and /readyz.")
        parser.add_argument("--processes", type=int, metavar="N", help="Run so many nodes, each a process of its own.")
        parser.add_argument("--of-fleet", action="store_true", help=SUPPRESS)  # one of those nodes
        parser.add_argument("-t", "--timeout", type=float, metavar="SECONDS", help="Let running jobs end for so long.")

    def handle(self, *_: Any, **options: Any) -> None:
        """Find the jobs, and run."""
        try:
            found = _with(options)
        except VerkError as error:
            raise CommandError(str(error), returncode=2) from error
        if not found.all_queues:
            raise CommandError("no queue to work: set queues in settings.VERK, or give -q NAME:N", returncode=2)
        _log(found)
        try:
            if found.processes > 1:
                code = run_fleet(found, partial(_command, found))
            else:
                autodiscover_modules("jobs")
                code = run_node(found)
        except VerkError as error:
            raise CommandError(str(error), returncode=2) from error
        end_process(code)


def _log(found: Config) -> None:
    logger = logging.getLogger("verk_actors")
    if not logger.hasHandlers():  # else settings.LOGGING has said
        logger.addHandler(LineHandler(formatter(found.log_format, found.node_id)))
        logger.setLevel(logging.INFO)


def _command(found: Config, node_id: str) -> list[str]:
    """Return the command of one node of several: this one, with what is the node's own; the last options win."""
    command = [*map(str, get_child_arguments()), "--of-fleet", "--processes", "1", "--node-id", node_id]
    if found.health is None:
        return command
    return [*command, "--health", str(found.health.numbered(_number(node_id)))]


def _number(node_id: str) -> int:
    return int(node_id.rpartition("-")[2])


def _with(options: dict[str, Any]) -> Config:
    """Return the settings with what was given as options."""
    given = {
        "queues": queue_list(",".join(options["queue"])) if options["queue"] else None,
        "groups": {} if options["queue"] else None,
        "node_id": options["node_id"],
        "health": options["health"],
        "processes": options["processes"],
        "shutdown_timeout_seconds": options["timeout"],
    }
    found = attrs.evolve(config(), **{key: value for key, value in given.items() if value is not None})
    if not options["of_fleet"]:
        return found
    importlib.import_module("verk_actors.fleet.leashed")  # ends this process with the one that has started it
    return attrs.evolve(found, web=found.web if _number(found.node_id) == 1 else None)  # one of them has the dashboard

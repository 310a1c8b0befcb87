"""The files in deploy/ hold together: options exist, probes ask what is answered, and a stop has the time it takes."""

from __future__ import annotations

import configparser
import json
import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from support.source import REPOSITORY

from verk_actors.cli import main
from verk_actors.settings.config import Config

DEPLOY = REPOSITORY / "deploy"
LAST_SECONDS = 10.0  # beyond the shutdown timeout, as a fleet grants them


def read_containerfile() -> Iterator[tuple[str, str]]:
    for line in (DEPLOY / "Containerfile").read_text().splitlines():
        if line and not line.startswith("#"):
            instruction, _, rest = line.partition(" ")
            yield instruction, rest


@pytest.fixture
def unit() -> configparser.SectionProxy:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[method-assign, assignment]
    parser.read(DEPLOY / "systemd/verk.service")
    return parser["Service"]


@pytest.fixture
def pod() -> dict[str, Any]:
    deployment, budget = yaml.safe_load_all((DEPLOY / "kubernetes/nodes.yaml").read_text())
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert deployment["spec"]["selector"]["matchLabels"] == budget["spec"]["selector"]["matchLabels"] == labels
    return deployment["spec"]["template"]["spec"]


def options_of(command: list[str]) -> dict[str, Any]:
    """Return the options of a command of ours, as click reads them; none that do not exist."""
    found = main.get_command(main.make_context("verk", ["--"], resilient_parsing=True), command[0])
    assert found is not None
    return found.make_context(command[0], command[1:]).params


def test_the_unit_runs_a_command_that_exists_and_grants_a_stop_its_time(unit: configparser.SectionProxy) -> None:
    options = options_of(shlex.split(unit["ExecStart"])[1:])

    assert (unit["Type"], unit["NotifyAccess"], unit["KillSignal"]) == ("notify", "main", "SIGTERM")
    assert Config(health=options["health"]).health.is_local
    assert float(unit["TimeoutStopSec"]) >= Config().shutdown_timeout_seconds + LAST_SECONDS
    assert float(unit["WatchdogSec"]) > 60  # what `health` puts up with
    assert unit["RestartPreventExitStatus"] == "2"
    assert unit["TimeoutStartSec"] == "infinity"  # an outage at the start is no reason to kill it over and over


def test_the_probes_of_a_pod_ask_its_health_port_for_what_that_answers(pod: dict[str, Any]) -> None:
    [node] = pod["containers"]
    options = options_of(node["args"])
    [port] = node["ports"]
    env = {one["name"]: one.get("value") for one in node["env"]}

    assert Config(health=options["health"]).health.port == port["containerPort"]
    assert not Config(health=options["health"]).health.is_local
    paths = [node[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")]
    assert paths == [{"path": path, "port": port["name"]} for path in ("/healthz", "/healthz", "/readyz")]
    config = Config.from_env({name: value for name, value in env.items() if value is not None})
    assert pod["terminationGracePeriodSeconds"] >= config.shutdown_timeout_seconds + LAST_SECONDS
    assert "--node-id" not in node["args"]


def test_the_image_runs_the_node_itself_and_not_as_root() -> None:
    instructions = list(read_containerfile())
    last = dict(instructions)

    assert {name for name, _ in instructions} <= {
        *("FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "STOPSIGNAL", "HEALTHCHECK", "ENTRYPOINT", "CMD")
    }
    assert instructions[0][0] == "FROM"
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", last["USER"])
    assert last["STOPSIGNAL"] == "SIGTERM"
    run = [*json.loads(last["ENTRYPOINT"]), *json.loads(last["CMD"])]
    probe = json.loads(last["HEALTHCHECK"].partition(" CMD ")[2])
    assert (run, probe) == (["verk", "run"], ["verk", "health"])
    options_of(run[1:])
    options_of(probe[1:])
    assert "VERK_HEALTH=" in last["ENV"]


def test_the_documentation_names_each_file() -> None:
    said = (REPOSITORY / "docs/deployment.md").read_text()
    files = [path.relative_to(REPOSITORY).as_posix() for path in DEPLOY.rglob("*") if path.is_file()]

    assert [file for file in files if f"](../{file})" not in said] == []

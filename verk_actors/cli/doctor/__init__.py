"""`verk doctor`: looks for what loses jobs or lets them stand still, and says what to do about it.

The `*_checks` here have what is looked at: each check is one function, and the table has all of them, in the order in
which they are told.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing

import attrs
import click

from verk_actors.cli.doctor import batch_checks, cron_checks, job_checks, limit_checks, node_checks, server_checks
from verk_actors.cli.doctor.finding import Check, Finding, Patient
from verk_actors.cli.modules import import_all, modules_option
from verk_actors.cli.options import as_json_line, json_option, redis_option
from verk_actors.client import Client
from verk_actors.errors import StoreError, StoreUnavailable, loggable
from verk_actors.jobs.registry import registry
from verk_actors.otp.clock import SystemClock
from verk_actors.settings.config import Config
from verk_actors.store.pool import Pool
from verk_actors.store.refusals import trouble_of

CHECKS: Mapping[str, Check] = {
    "version": server_checks.version,
    "eviction": server_checks.eviction,
    "persistence": server_checks.persistence,
    "memory": server_checks.memory,
    "role": server_checks.role,
    "password": server_checks.password,
    "clocks": server_checks.clocks,
    "types": server_checks.types,
    "dead nodes": node_checks.dead_nodes,
    "orphans": node_checks.orphans,
    "queues": node_checks.queues,
    "paused": node_checks.paused,
    "overdue": node_checks.overdue,
    "classes": job_checks.classes,
    "wire formats": job_checks.wire_formats,
    "payloads": job_checks.payloads,
    "dead set": server_checks.dead_set,
    "periodic": cron_checks.periodic,
    "limits": limit_checks.limits,
    "batches": batch_checks.batches,
}

_COLOURS = {"ok": "green", "problem": "red", "warning": "yellow", "note": "blue"}


@attrs.frozen(kw_only=True)
class Result:
    """What one check has found; nothing where all is well."""

    check: str
    findings: Sequence[Finding]


@click.command("doctor")
@modules_option
@redis_option
@json_option
def command(modules: tuple[str, ...], redis_url: str | None, as_json: bool) -> None:
    """Look for what loses jobs or lets them stand still: in Redis, the nodes, and the jobs that wait.

    Each finding comes with its remedy. With -r, jobs of classes that are not known are found too. Exit code 1 where
    there is a problem; a warning may be meant so, and a note says what could not be looked at.
    """
    import_all(modules)
    config = Config.load(redis_url=redis_url)
    with ExitStack() as stack:
        servers = {url: stack.enter_context(closing(Pool(url, name="verk:doctor"))) for url in config.redis_urls}
        client = stack.enter_context(Client(config))
        patient = Patient(config=config, client=client, servers=servers, registry=registry, clock=SystemClock.time)
        results = list(examine(patient))
    click.echo(as_json_line(results) if as_json else "\n".join(_lines(results)))
    sys.exit(any(finding.severity == "problem" for result in results for finding in result.findings))


def examine(patient: Patient) -> Iterator[Result]:
    """Yield what each check finds; a Redis that can't be reached is the only finding."""
    for name, check in CHECKS.items():
        try:
            yield Result(check=name, findings=list(check(patient)))
        except StoreUnavailable as error:
            yield Result(check="redis", findings=[_away(error)])
            return
        except StoreError as error:
            yield Result(check=name, findings=[_refused(error)])


def _away(error: StoreError) -> Finding:
    return Finding("problem", str(error), "see that it runs, and that VERK_REDIS_URL or verk.toml name it")


def _refused(error: StoreError) -> Finding:
    denied = trouble_of(error) == "denied"
    remedy = "ask as a user that may: docs/redis-acl.md" if denied else "see what the others have found"
    return Finding("note", f"can't be looked at: {loggable(str(error))}", remedy)


def _lines(results: Sequence[Result]) -> Iterator[str]:
    width = max(len(result.check) for result in results)
    for result in results:
        if not result.findings:
            says = " ".join((CHECKS[result.check].__doc__ or "").split())
            yield f"{_painted('ok')}  {result.check:{width}}  {says}"
        for finding in result.findings:
            yield f"{_painted(finding.severity)}  {result.check:{width}}  {loggable(finding.what, len(finding.what))}"
            yield f"{'':9}{'':{width}}  > {loggable(finding.remedy, len(finding.remedy))}"


def _painted(severity: str) -> str:
    return click.style(f"{severity:7}", fg=_COLOURS[severity], bold=severity == "problem")

"""`verk batch`: how far batches are."""

from __future__ import annotations

from typing import Literal

import click

from verk_actors.cli.amounts import counted, distance
from verk_actors.cli.groups import ListOrShow
from verk_actors.cli.options import as_json_line, client_of, confirm, json_option, redis_option, yes_option
from verk_actors.cli.table import lay_out
from verk_actors.client import Client
from verk_actors.daemon.signals import ENDINGS, Signals
from verk_actors.errors import StoreUnavailable, loggable
from verk_actors.otp.clock import SystemClock
from verk_actors.store.batch_status import BatchNotFound, BatchStatus

_HEADINGS = ("BATCH", "STATE", "DONE", "PENDING", "FAILED", "TOTAL", "MADE", "DESCRIPTION")
_BAR = 30
_SHOWN: tuple[Literal["pending", "failed"], ...] = ("pending", "failed")


@click.group("batch", cls=ListOrShow)
def command() -> None:
    """List the batches; show, watch or delete one.

    Without a command they are listed; with the id of one in its place, that is shown.
    """


@command.command("list")
@click.option("-n", "--count", type=click.IntRange(1, 1000), default=20, help="How many. Default: 20.")
@redis_option
@json_option
def list_(count: int, redis_url: str | None, as_json: bool) -> None:
    """List the batches, the last one made first, without those within others."""
    with client_of(redis_url) as client:
        found = client.batches.range(0, count - 1)
    if as_json:
        click.echo(as_json_line(found))
        return
    now = SystemClock.time()
    click.echo(lay_out(_HEADINGS, [_row(status, now) for status in found]))


@command.command("show")
@click.argument("bid")
@click.option("--watch", is_flag=True, help="Show it again each second until it is complete, or until Ctrl+C.")
@redis_option
@json_option
def show(bid: str, watch: bool, redis_url: str | None, as_json: bool) -> None:
    """Show how far a batch is, the batches within it, and the members that have ended without success.

    With --watch and --json: one line of JSON each time. With --watch it ends with 1 where members have failed.
    """
    with client_of(redis_url) as client:
        if watch:
            status = _watched(client, bid, as_json)
            if status is not None and status.failed:
                raise click.exceptions.Exit(1)
            return
        status = _read(client, bid)
        if as_json:
            click.echo(as_json_line(status))
            return
        click.echo(_text(status, SystemClock.time()))
        members = {which: client.batches.members(bid, which) for which in _SHOWN}
        for which, found in members.items():
            for member in found:
                if member.is_batch and (within := client.batches.get(member.id)) is not None:
                    click.echo(f"{which:<10} batch {loggable(member.id)}  {_line(within)}")
                elif which == "failed":
                    click.echo(f"{which:<10} {loggable(member.id)}")


@command.command("settle")
@click.argument("bid")
@click.option(
    "--as",
    "state",
    type=click.Choice(["failed", "succeeded"]),
    default="failed",
    help="What they count as. Default: failed.",
)
@yes_option
@redis_option
def settle(bid: str, state: Literal["failed", "succeeded"], yes: bool, redis_url: str | None) -> None:
    """Have a batch wait no longer for jobs that are nowhere: Sidekiq or Verk ran or deleted them, and told no batch.

    All queues and sets are looked through.
    """
    with client_of(redis_url) as client:
        _read(client, bid)
        lost = client.batches.lost(bid)
        if lost:
            confirm(f"Count {counted(len(lost), 'job')} that {loggable(bid)} waits for as {state}?", yes)
        click.echo(f"{counted(client.batches.settle(lost, state), 'job')} of {loggable(bid)} settled as {state}")


@command.command("delete")
@click.argument("bids", metavar="BID...", nargs=-1, required=True)
@yes_option
@redis_option
def delete(bids: tuple[str, ...], yes: bool, redis_url: str | None) -> None:
    """Forget these batches, and those within them; their jobs stay, their callbacks are not enqueued."""
    with client_of(redis_url) as client:
        for bid in bids:
            confirm(f"Forget batch {loggable(bid)}?", yes)
            if not client.batches.delete(bid):
                raise BatchNotFound(bid)
            click.echo(f"{loggable(bid)} deleted")


def _watched(client: Client, bid: str, as_json: bool) -> BatchStatus | None:
    """Show a batch again and again until no member of it is to run; None where a signal came first."""
    with Signals(*ENDINGS) as signals:
        while True:
            try:
                status = _read(client, bid)
            except StoreUnavailable as error:  # whoever watches wants to see it come back
                click.echo(str(error), err=True)
            else:
                click.echo(as_json_line(status) if as_json else _line(status))
                if status.state in ("complete", "succeeded"):
                    return status
            if signals.wait(1.0) is not None:
                return None


def _read(client: Client, bid: str) -> BatchStatus:
    status = client.batches.get(bid)
    if status is None:
        raise BatchNotFound(bid)
    return status


def _row(status: BatchStatus, now: float) -> tuple[str | int, ...]:
    waits = status.pending + status.waiting
    numbers = (f"{int(status.percent)}%", waits, status.failed, status.total)
    return (status.bid, status.state, *numbers, distance(status.created_at, now), loggable(status.description))


def _line(status: BatchStatus) -> str:
    filled = int(_BAR * status.percent / 100)
    bar = "#" * filled + "-" * (_BAR - filled)
    step = f", step {status.stage} of {status.stages}" if status.stages > 1 else ""
    failed = f", {status.failed:,} failed" if status.failed else ""
    return f"[{bar}] {int(status.percent):3}%  {status.done:,} of {status.total:,}{failed}{step}  {status.state}"


def _text(status: BatchStatus, now: float) -> str:
    times = (
        ("made", status.created_at),
        ("complete", status.completed_at),
        ("succeeded", status.succeeded_at),
        ("expires", status.expires_at),
    )
    lines = [loggable(status.description)] * bool(status.description)
    lines.append(_line(status))
    lines += [f"{what:<10} {distance(at, now)}" for what, at in times if at is not None]
    lines += [f"{'within':<10} {status.parent}"] * (status.parent is not None)
    return "\n".join(lines)

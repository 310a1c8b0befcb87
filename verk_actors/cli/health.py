"""`verk health`: whether the node on this machine is alive, or ready; a probe for containers."""

from __future__ import annotations

import http.client
from collections.abc import Iterator

import attrs
import click

from verk_actors.cli.options import as_json_line, health_option, json_option
from verk_actors.errors import loggable
from verk_actors.settings.address import Address
from verk_actors.settings.config import Config

_LONGEST_ANSWER = 65_536


@attrs.frozen(kw_only=True)
class Answer:
    """What the health port of one process has answered: whether all is well, and else what is not."""

    address: str
    ok: bool
    said: tuple[str, ...]


@click.command("health")
@click.option("--ready", is_flag=True, help="Ask whether it is ready for jobs, not only alive.")
@health_option
@click.option("--processes", metavar="N", type=int, help="How many nodes there are, with ports in a row.")
@click.option("-t", "--timeout", metavar="SECONDS", type=float, default=5.0, help="Wait so long. Default: 5.")
@json_option
def command(*, ready: bool, health: str | None, processes: int | None, timeout: float, as_json: bool) -> None:
    """Tell whether the node on this machine is alive; with exit code 1 where it is not, or does not answer.

    Options left out are read where `verk run` reads them, so in a container `verk health` alone is enough.
    """
    config = Config.load(health=health, processes=processes)
    if config.health is None:
        raise click.UsageError("which port? Give --health PORT, or set VERK_HEALTH")
    path = "/readyz" if ready else "/healthz"
    addresses = [config.health.numbered(number) for number in range(1, config.processes + 1)]
    answers = [_ask(address.from_here, path, timeout) for address in addresses]
    click.echo(as_json_line(answers) if as_json else "\n".join(line for one in answers for line in _lines(one)))
    if not all(answer.ok for answer in answers):
        raise click.exceptions.Exit(1)


def _ask(address: Address, path: str, timeout: float) -> Answer:
    connection = http.client.HTTPConnection(address.host, address.port, timeout=timeout)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        said = answer.read(_LONGEST_ANSWER).decode("utf-8", "replace").splitlines()
    except (OSError, http.client.HTTPException) as error:
        return Answer(address=str(address), ok=False, said=(f"no answer: {str(error) or type(error).__name__}",))
    finally:
        connection.close()
    return Answer(address=str(address), ok=answer.status == 200, said=tuple(said))


def _lines(answer: Answer) -> Iterator[str]:
    for line in answer.said:
        yield f"{answer.address}: {loggable(line)}"

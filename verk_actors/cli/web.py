"""`verk web`: the dashboard alone, without a node."""

from __future__ import annotations

import attrs
import click

from verk_actors.cli.options import insecure_option, redis_option, web_setting, without_credentials
from verk_actors.daemon.signals import ENDINGS, Signals
from verk_actors.errors import VerkError
from verk_actors.otp import StartError
from verk_actors.settings.config import Config
from verk_actors.settings.web_address import WebAddress
from verk_actors.tree.dashboard import Dashboard


@click.command("web")
@click.argument("address", metavar="[HOST:PORT]", required=False, callback=without_credentials)
@redis_option
@click.option("--read-only", is_flag=True, help="Let nobody do anything but look.")
@insecure_option
def command(address: str | None, redis_url: str | None, read_only: bool, insecure: bool) -> None:
    """Serve the dashboard until Ctrl+C; on 127.0.0.1:8375 unless told otherwise.

    Other machines can come in only with a password, as in VERK_WEB=USER:PASSWORD@HOST:PORT, or with --insecure.
    """
    config = Config.load(redis_url=redis_url, web=web_setting(address, insecure=insecure))
    web = config.web or WebAddress(insecure=insecure)
    config = attrs.evolve(config, web=attrs.evolve(web, read_only=web.read_only or read_only))
    with Signals(*ENDINGS) as signals:
        try:
            dashboard = Dashboard.start(config, lambda url: click.echo(f"The dashboard is at {url}"))
        except StartError as error:
            raise error.__cause__ if isinstance(error.__cause__, VerkError) else error from None
        signals.wait()
        dashboard.stop()

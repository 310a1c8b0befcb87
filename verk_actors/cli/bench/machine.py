"""What the figures depend on besides the code."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import attrs

from verk_actors.cli.bench.ground import Ground


@attrs.frozen(kw_only=True)
class Machine:
    """Where figures were measured.

    Attributes:
        load: processes that ran or wanted to, in the minute before; 0 on a quiet machine.
    """

    cores: int
    processor: str
    python: str
    packages: dict[str, str]
    server: str
    load: float

    def __str__(self) -> str:
        packages = ", ".join(f"{name} {found}" for name, found in self.packages.items())
        return f"{self.cores} cores ({self.processor}), load {self.load:.1f}; {self.python}; {packages}; {self.server}"


def look(ground: Ground) -> Machine:
    """Return the facts of this machine and of the server."""
    info = ground.info("server")
    name = info.get("server_name", "redis")
    version_of_server = info.get(f"{name}_version", info["redis_version"])
    place = ground.url.rpartition("@")[2]  # without its password
    return Machine(
        cores=len(os.sched_getaffinity(0)),
        processor=_processor(),
        python=f"{platform.python_implementation()} {platform.python_version()}",
        packages={name: _version(name) for name in ("verk-actors", "redis", "hiredis", "msgspec")},
        server=f"{name} {version_of_server} at {place}",
        load=os.getloadavg()[0],
    )


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"

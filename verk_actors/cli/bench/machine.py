"""What the figures depend on besides the code."""

from __future__ import annotations

import os
import platform
import resource
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


@attrs.frozen(kw_only=True)
class Taken:
    """CPU seconds so far: of the whole machine, idle ones included; of those who worked; of our own processes."""

    whole: float
    busy: float
    ours: float

    def others_since(self, before: Taken) -> float:
        """Return what others have taken of the machine since then, the host included, in percent."""
        others = (self.busy - before.busy) - (self.ours - before.ours)
        return max(0.0, others / max(self.whole - before.whole, 1e-6) * 100)


def taken(ground: Ground) -> Taken:
    """Return what has been taken of the machine; of our own processes those that have ended count, and the server."""
    jiffies = [int(count) for count in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    tick = os.sysconf("SC_CLK_TCK")
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return Taken(
        whole=sum(jiffies) / tick,
        busy=(sum(jiffies) - jiffies[3] - jiffies[4]) / tick,  # all but idle and waiting for disks
        ours=sum(usage.ru_utime + usage.ru_stime for usage in usages) + ground.server_cpu_seconds(),
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

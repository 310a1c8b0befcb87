"""What a process uses, seen from outside; Linux alone tells it to the microsecond."""

from __future__ import annotations

import time
from pathlib import Path

_CPU_CLOCK = 2  # CPUCLOCK_SCHED of the kernel: what the scheduler counts, to the nanosecond

_ROUNDS = 50_000
_GOALS_SECONDS_PER_ROUND = 24e-9


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process has used with all its threads (clock_getcpuclockid(3))."""
    return time.clock_gettime((~pid << 3) | _CPU_CLOCK)


def resident_mb(pid: int) -> float:
    """Return the resident memory of a process, in megabytes of 1,000,000 bytes."""
    return _status_mb(pid, "VmRSS")


def peak_mb(pid: int) -> float:
    """Return the most resident memory that a process ever had, in megabytes of 1,000,000 bytes."""
    return _status_mb(pid, "VmHWM")


def _status_mb(pid: int, name: str) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    kibibytes = next(line.split()[1] for line in status.splitlines() if line.startswith(f"{name}:"))
    return int(kibibytes) * 1024 / 1e6


def speed() -> float:
    """Return how fast this machine runs Python now: 1 is the speed of the machine for which absolute goals are given.

    By the CPU time of a plain loop, the best of several, which takes 24 ns a round there. A virtual machine may run at
    half its speed for hours, and no load shows that.
    """
    return _GOALS_SECONDS_PER_ROUND * _ROUNDS / min(_loop_cpu_seconds() for _ in range(10))


def _loop_cpu_seconds() -> float:
    began, total = time.process_time(), 0
    for number in range(_ROUNDS):
        total += number
    return time.process_time() - began

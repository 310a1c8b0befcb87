"""For tests of code that makes jobs, and of the jobs: without Redis (`fake`, `inline`), or with a real one (`real`).

    with testing.fake() as jobs:
        sign_up("ann@example.org")
        jobs.assert_enqueued(Welcome.job("ann@example.org"))
        jobs.drain()

Clients need not be told: while the block runs, those of any module hand over their jobs. As pytest fixtures:
`verk_fake`, `verk_inline` and `verk_real`. Each name is imported when it is first used.

Source: Sidekiq's `sidekiq/testing`, Exq's `Exq.Mock`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from verk_actors.client.detour import NotDiverted
    from verk_actors.jobs.registry import registry
    from verk_actors.testing.fake_jobs import Enqueued, FakeJobs, Run, fake, inline
    from verk_actors.testing.real_jobs import RealJobs, real, stop_server

_HOMES = {
    "client.detour": "NotDiverted",
    "jobs.registry": "registry",
    "testing.fake_jobs": "Enqueued FakeJobs Run fake inline",
    "testing.real_jobs": "RealJobs real stop_server",
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}

__all__ = [
    "Enqueued",
    "FakeJobs",
    "NotDiverted",
    "RealJobs",
    "Run",
    "fake",
    "inline",
    "real",
    "registry",
    "stop_server",
]


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"verk_actors.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__

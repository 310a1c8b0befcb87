"""The pytest plugin: `verk_fake`, `verk_inline` and `verk_real`. It loads nothing until one of them is used.

Override `verk_config` to give them a configuration, `verk_registry` for job classes of a registry of one's own, and
`verk_everywhere` where the code under test enqueues in threads that it starts by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import verk_actors
from verk_actors import testing


@pytest.fixture
def verk_config() -> Any:
    """Return the configuration that tests of jobs run with."""
    return verk_actors.Config()


@pytest.fixture
def verk_registry() -> Any:
    """Return the registry of the job classes: that which `@worker` fills."""
    return testing.registry


@pytest.fixture
def verk_everywhere() -> bool:
    """Return whether jobs of all threads are the test's; not for tests that run at once in threads of one process."""
    return False


@pytest.fixture
def verk_fake(verk_config: Any, verk_registry: Any, verk_everywhere: bool) -> Iterator[Any]:
    """Keep the jobs that the test enqueues until it drains them; a `FakeJobs`."""
    with testing.fake(verk_config, verk_registry, everywhere=verk_everywhere) as jobs:
        yield jobs


@pytest.fixture
def verk_inline(verk_config: Any, verk_registry: Any, verk_everywhere: bool) -> Iterator[Any]:
    """Run the jobs that the test enqueues at once; a `FakeJobs`."""
    with testing.inline(verk_config, verk_registry, everywhere=verk_everywhere) as jobs:
        yield jobs


@pytest.fixture(scope="session")
def verk_server_directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Return the directory of the server of `verk_real`, which ends with the session."""
    directory = tmp_path_factory.mktemp("verk")
    yield directory
    testing.stop_server(directory)


@pytest.fixture
def verk_real(verk_config: Any, verk_registry: Any, verk_server_directory: Any) -> Iterator[Any]:
    """Run a node for the test; a `RealJobs`."""
    with testing.real(verk_config, verk_registry, directory=verk_server_directory) as jobs:
        yield jobs

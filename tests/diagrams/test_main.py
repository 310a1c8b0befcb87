from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from verk_actors.diagrams.__main__ import main

COMMITTED = Path(__file__).parents[2] / "diagrams"


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory, _server_program: None) -> dict[str, str]:
    directory = tmp_path_factory.mktemp("diagrams") / "made"
    result = CliRunner().invoke(main, [str(directory)], catch_exceptions=False)
    assert result.exit_code == 0
    return {file.name: file.read_text() for file in directory.iterdir()}


def test_the_committed_diagrams_are_what_the_system_draws_now(fresh: dict[str, str]) -> None:
    committed = {file.name: file.read_text() for file in COMMITTED.iterdir() if file.name != "README.md"}

    assert committed == fresh, "run `make diagrams` and look at what has changed"


def test_the_readme_of_the_diagrams_names_each_of_them(fresh: dict[str, str]) -> None:
    readme = (COMMITTED / "README.md").read_text()

    assert [name for name in fresh if f"]({name})" not in readme] == []

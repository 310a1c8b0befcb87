from __future__ import annotations

from graphlib import CycleError
from pathlib import Path

import pytest

from verk_actors.diagrams import floors


def test_a_package_is_above_all_that_its_files_import(tmp_path: Path) -> None:
    package = tmp_path / "verk_actors"
    (package / "upper").mkdir(parents=True)
    (package / "upper" / "module.py").write_text("from verk_actors import lower\nfrom verk_actors.middle import x\n")
    (package / "middle.py").write_text("import verk_actors.lower\nimport json\n")
    (package / "lower.py").write_text("")

    found = floors.imports(package)

    assert found == {"upper": {"lower", "middle"}, "middle": {"lower"}, "lower": set()}


def test_an_arrow_that_follows_from_others_is_not_drawn() -> None:
    drawn = floors.mermaid({"a": frozenset("bc"), "b": frozenset("c"), "c": frozenset()})

    assert [line.strip() for line in drawn.splitlines() if "-->" in line] == ["a --> b", "b --> c"]


def test_imports_in_a_circle_are_refused() -> None:
    with pytest.raises(CycleError):
        floors.mermaid({"a": frozenset("b"), "b": frozenset("a")})

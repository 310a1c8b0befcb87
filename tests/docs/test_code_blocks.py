"""The Python in the documents runs as it is written, but for the address of Redis."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from redis import Redis
from support.source import REPOSITORY

from verk_actors.config import Config

DOCUMENTS = [
    path.relative_to(REPOSITORY).as_posix()
    for path in (REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md")))
    if "\n```python\n" in path.read_text()
]
README_URL = "redis://127.0.0.1:6379/0"


def blocks(document: str, language: str) -> list[str]:
    text = (REPOSITORY / document).read_text()
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_python_of_a_document_runs(document: str, redis_url: str, tmp_path: Path) -> None:
    found = blocks(document, "python")
    assert found

    for block in found:
        ran = subprocess.run(
            [sys.executable, "-c", block.replace(README_URL, redis_url)],
            cwd=tmp_path,
            env={name: value for name, value in os.environ.items() if not name.startswith("VERK_")},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_the_jobs_of_the_readmes_example_are_run(redis_url: str, redis: Redis, tmp_path: Path) -> None:
    block, _ = blocks("README.md", "python")
    assert README_URL in block
    # A stop lets running jobs end, but those that wait stay: so it has to come after they ran.
    block = block.replace(
        "\nsystem.stop()", "\nimport time\nwhile client.counters.totals().processed < 102: pass\nsystem.stop()"
    )

    subprocess.run([sys.executable, "-c", block.replace(README_URL, redis_url)], cwd=tmp_path, check=True, timeout=30)

    assert redis.get("stat:processed") == b"102"
    assert redis.get("stat:failed") is None


def test_the_toml_of_the_configuration_is_a_configuration(tmp_path: Path) -> None:
    block = "\n".join(blocks("docs/configuration.md", "toml"))
    (tmp_path / "verk.toml").write_text(block)

    config = Config.from_toml(tmp_path / "verk.toml")

    assert {name: queue.size for name, queue in config.queues.items()} == {"default": 25, "priority": 10}
    assert {name: group.queues for name, group in config.groups.items()} == {"web": {"critical": 3, "mails": 1}}
    assert tomllib.loads(block)["redis_url"] == config.redis_url.value

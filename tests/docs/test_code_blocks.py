"""The code in the documents runs as it is written, but for the address of Redis."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from support.blocks import DOCUMENTS, REPOSITORY, Runner, blocks

from verk_actors.settings.config import Config

DOCUMENTED_URL = "redis://127.0.0.1:6379/0"
FIRST_STEPS = "docs/first-steps.md"  # one session, file by file and command by command: test_first_steps.py

# Each language that a block may be in, and what runs or reads it. CONTRIBUTING.md says the same to people.
KINDS = {
    "python": "run",
    "toml": "read as a configuration",
    "sh": "run, or held to what is there",
    "ruby": "run by the real Sidekiq",
    "yaml": "parsed: it is for other programs",
    "text": "compared with what the block of Python above it prints; else a picture, or lines that tests hold",
}


@pytest.fixture(scope="module")
def python() -> Iterator[Runner]:
    with Runner() as runner:
        yield runner


def documents(language: str) -> list[str]:
    names = [path.relative_to(REPOSITORY).as_posix() for path in DOCUMENTS if blocks(path, language)]
    return [name for name in names if name != FIRST_STEPS]


@pytest.mark.slow  # nodes start and stop
@pytest.mark.parametrize("document", documents("python"))
def test_the_python_of_a_document_runs_and_prints_what_is_below_it(
    document: str, python: Runner, redis_url: str, tmp_path: Path
) -> None:
    for block in blocks(REPOSITORY / document, "python"):
        assert python(block.code.replace(DOCUMENTED_URL, redis_url), tmp_path) == (0, block.output)


@pytest.mark.parametrize("document", documents("toml"))
def test_the_toml_of_a_document_is_a_configuration(document: str, tmp_path: Path) -> None:
    for block in blocks(REPOSITORY / document, "toml"):
        (tmp_path / "verk.toml").write_text(block.code)
        Config.from_toml(tmp_path / "verk.toml")


@pytest.mark.parametrize("document", documents("yaml"))
def test_the_yaml_of_a_document_can_be_parsed(document: str) -> None:
    yaml = pytest.importorskip("yaml")

    assert all(yaml.safe_load(block.code) for block in blocks(REPOSITORY / document, "yaml"))


def test_the_toml_of_the_configuration_says_what_is_said_of_it(tmp_path: Path) -> None:
    text = "\n".join(block.code for block in blocks(REPOSITORY / "docs/configuration.md", "toml"))
    (tmp_path / "verk.toml").write_text(text)

    config = Config.from_toml(tmp_path / "verk.toml")

    assert {name: queue.size for name, queue in config.queues.items()} == {"default": 25, "priority": 10}
    assert {name: group.queues for name, group in config.groups.items()} == {"web": {"critical": 3, "mails": 1}}
    assert tomllib.loads(text)["redis_url"] == config.redis_url.value


def test_the_job_of_the_readmes_example_is_run(python: Runner, redis_url: str, redis: Redis, tmp_path: Path) -> None:
    [block] = blocks(REPOSITORY / "README.md", "python")
    assert DOCUMENTED_URL in block.code
    # A stop lets running jobs end, but those that wait stay: so it has to come after they ran.
    code = block.code.replace("\nsystem.stop()", "\nwhile client.counters.totals().processed < 1: pass\nsystem.stop()")

    assert python(code.replace(DOCUMENTED_URL, redis_url), tmp_path) == (0, "")

    assert (redis.get("stat:processed"), redis.get("stat:failed"), redis.zcard("schedule")) == (b"1", None, 1)


def test_of_each_kind_of_block_it_is_said_how_it_is_tested() -> None:
    kinds = {block.language for path in DOCUMENTS for block in blocks(path)}
    said = (REPOSITORY / "CONTRIBUTING.md").read_text().partition("\n## Documents\n")[2].partition("\n## ")[0]

    assert kinds <= set(KINDS)
    assert set(re.findall(r"^\| `(\w+)` \|", said, re.MULTILINE)) == set(KINDS)

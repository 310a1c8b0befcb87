"""`verk config`: the settings in force, a file to begin with, and checks."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import attrs
import pytest

from verk_actors.settings.config import Config

APP = """
from verk_actors import worker

@worker
def Checked(): ...

def stamp(job, call_next):
    return call_next(job)
"""


def test_each_setting_is_shown_with_where_it_is_from(verk_here):
    Path("verk.toml").write_text('max_restarts = 7\n[queues]\nmail = 3\nslow = {size = 1, executor = "process"}\n')

    said = verk_here("config", "show", VERK_REDIS_URL="redis://me:secret@host:1/0", VERK_BLOCK_SECONDS="1.5")

    lines = [re.sub(" +# ", " # ", line) for line in said.stdout.splitlines() if not line.endswith("# default")]
    assert lines == [
        'queues = { mail = { size = 3 }, slow = { size = 1, executor = "process" } } # verk.toml',
        'redis_url = "redis://***@host:1/0" # VERK_REDIS_URL',
        "block_seconds = 1.5 # VERK_BLOCK_SECONDS",
        "max_restarts = 7 # verk.toml",
    ]
    assert len(said.stdout.splitlines()) == len(attrs.fields(Config))


def test_what_is_shown_is_toml_that_says_the_same(verk_here, tmp_path):
    said = verk_here("config", "show", VERK_QUEUES="a.b:3", VERK_GROUPS="web=x,2+y,1:4", VERK_NODE_ID="n1")
    (tmp_path / "shown.toml").write_text(said.stdout)

    assert Config.from_toml(tmp_path / "shown.toml") == Config.from_env()


def test_settings_as_json(verk_here):
    values = json.loads(verk_here("config", "show", "--json", VERK_QUEUES="mail:3").stdout)

    assert (values["queues"], values["backoff"], values["node_id"]) == ({"mail": {"size": 3}}, None, None)


def test_the_file_to_begin_with_has_every_setting_and_its_default(verk_here):
    said = verk_here("config", "init")

    text = Path("verk.toml").read_text()
    assert said.stdout == "verk.toml is written\n"
    assert tomllib.loads(text) == {"queues": {"default": 25}, "redis_url": "redis://127.0.0.1:6379/0"}
    # With every comment that is a setting, but the example of groups, it says what Config() says.
    lines = [line.removeprefix("# ") for line in text.splitlines()]
    settings = [line for line in lines if line.partition(" = ")[0].isidentifier() and not line.startswith("groups")]
    Path("all.toml").write_text("\n".join(settings))
    known = attrs.asdict(Config.from_toml("all.toml"), recurse=False)
    assert known | {"node_id": "", "queues": {}} == attrs.asdict(Config(), recurse=False) | {
        "node_id": "",
        "queues": {},
    }
    assert all(f"{name} =" in text for name in known)


def test_no_file_is_overwritten(verk_here):
    Path("verk.toml").write_text("max_restarts = 7\n")

    refused = verk_here("config", "init")

    assert (refused.returncode, refused.stderr) == (2, "Error: verk.toml can't be written: File exists\n")
    assert Path("verk.toml").read_text() == "max_restarts = 7\n"


def test_good_settings_are_told_with_what_they_lead_to(verk_here, tmp_path):
    (tmp_path / "checkedapp.py").write_text(APP)
    Path("verk.toml").write_text('worker_middleware = ["checkedapp:stamp"]\n')

    said = verk_here("config", "check", "-r", "checkedapp", VERK_QUEUES="mail:3")

    assert said.returncode == 0, said.stderr
    read, queues, classes, end = said.stdout.splitlines()
    assert (read, queues) == ("read: verk.toml, VERK_QUEUES", "queues: mail")
    assert "Checked" in classes
    assert end == "the settings can be used"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("max_restart = 1", "key in other.toml='max_restart' is not allowed: max_restarts"),
        ("processes = 0", "processes (other.toml)=0 is not allowed"),
        ('worker_middleware = ["nowhere:stamp"]', "worker_middleware='nowhere:stamp' is not allowed"),
        ('client_middleware = ["nowhere:stamp"]', "client_middleware='nowhere:stamp' is not allowed"),
        ("queues = ", "file='other.toml' is not allowed: readable TOML"),
    ],
)
def test_what_can_not_be_used_is_told_with_exit_code_2(verk_here, text, said):
    Path("other.toml").write_text(text)

    refused = verk_here("config", "check", "other.toml")

    assert (refused.returncode, refused.stdout) == (2, "")
    assert said in refused.stderr

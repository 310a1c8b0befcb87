from __future__ import annotations

import re
from pathlib import Path

import pytest

import verk_actors.store
from verk_actors.store.scripts import SCRIPTS, Script

FIELDS = ["Purpose", "KEYS", "ARGV", "Returns", "Why atomic", "Source"]


def each_script() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("script", SCRIPTS, ids=[script.name for script in SCRIPTS])


def header_of(script: Script) -> str:
    return "".join(re.match(r"(?:--.*\n)+", script.text).group())


def code_of(script: Script) -> str:
    return re.sub(r"--.*", "", script.text)


def test_every_file_is_a_script_and_every_script_a_file():
    files = Path(verk_actors.store.__file__).parent.glob("lua/*")

    assert sorted(file.name for file in files) == sorted(f"{script.name}.lua" for script in SCRIPTS)


@each_script()
def test_the_header_says_all_that_a_caller_and_a_reviewer_need(script):
    fields = re.findall(r"^-- ([A-Z][A-Za-z ]*): \S", header_of(script), re.MULTILINE)

    assert [field for field in fields if field != "Differs"] == FIELDS


@each_script()
def test_payloads_are_neither_parsed_nor_rebuilt(script):
    """cjson makes `{}` of `[]`, rounds long integers and refuses what JSON allows."""
    for word in ("cjson", "cmsgpack", "struct", "loadstring"):
        assert word not in code_of(script)


@each_script()
def test_every_key_is_declared(script):
    """Redis Cluster, and access control, see no other key than those in KEYS."""
    calls = re.findall(r"redis\.p?call\('(\w+)',?\s*([^,)]*)", code_of(script))

    allowed = r"KEYS\[.+|key|set_of\[kind\]|limit\.(?:state|waiting|called)"
    assert [call for call in calls if call[0] != "TIME" and not re.match(allowed, call[1])] == []
    assert "'..'" not in code_of(script)


@each_script()
def test_the_header_names_each_key_by_its_number(script):
    used = {int(number) for number in re.findall(r"KEYS\[(\d+)\]", code_of(script))}
    described = re.search(r"^-- KEYS: (.*?)^-- ARGV", script.text, re.MULTILINE | re.DOTALL).group(1)

    assert used <= {int(number) for number in re.findall(r"\b(\d+) ", described)}


@each_script()
def test_a_lua_table_is_unpacked_in_bounded_pieces_alone(script):
    """Lua's stack holds some 8000 values: with more, unpack fails."""
    code = code_of(script)
    bounded = r"unpack\(\w+, ([ik]), math\.min\(\1 \+ 999, (?:#\w+|last)\)\)"
    bounded += r"|unpack\(ARGV, (?:at|new) \+ [23], last(?: - 1)?\)"  # the words of one command, which callers bound
    if "#part.olds == 1000 then" in code:  # the parts are what is bounded
        bounded += r"|unpack\(part\.\w+\)"
    if "page = math.min(fetch - #fetched, 1000, " in code:
        bounded += r"|unpack\(page\)"

    assert code.count("unpack(") == len(re.findall(bounded, code))


@each_script()
def test_the_server_knows_a_script_by_the_same_name(script, redis):
    assert redis.script_load(script.text) == script.sha
    assert redis.script_exists(script.sha) == [True]

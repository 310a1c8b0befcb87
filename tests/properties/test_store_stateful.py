"""The store does in any order what its model in plain Python does; mistakes in its scripts are found, to prove it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import attrs
import pytest
import redis as redis_py
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from support.store_machine import Store

from verk_actors.errors import StoreError
from verk_actors.settings.redis_url import RedisUrl
from verk_actors.store.commands import Argument
from verk_actors.store.connection import Connection
from verk_actors.store.scripts import SCRIPTS, Script, ScriptCall


class Swapping:
    """Sends commands over a connection, with other scripts than the store means."""

    def __init__(self, connection: Connection, scripts: dict[str, Script]) -> None:
        self.call = connection.call
        self._connection = connection
        self._scripts = scripts

    def script(self, script: Script, keys: Sequence[str], args: Sequence[Argument]) -> Any:
        return self._connection.script(self._scripts.get(script.name, script), keys, args)

    def overlapped(self, first: ScriptCall, second: ScriptCall, meanwhile: Callable[[Any], Any]) -> tuple[Any, Any]:
        made = meanwhile(self.script(first.script, first.keys, first.args))
        return made, self.script(second.script, second.keys, second.args)


@attrs.frozen
class Mutant:
    """A mistake in a script: what is said instead of what."""

    script: str
    text: str
    mistake: str

    def __str__(self) -> str:
        return f"{self.script}: {self.text[:40]}"

    def made(self) -> Script:
        (original,) = (script for script in SCRIPTS if script.name == self.script)
        assert original.text.count(self.text) == 1, f"{self.script}.lua has changed: choose another mistake"
        text = original.text.replace(self.text, self.mistake)
        return Script(self.script, text, hashlib.sha1(text.encode()).hexdigest())


MUTANTS = [
    Mutant("enqueue", "'LPUSH'", "'RPUSH'"),
    Mutant("enqueue", "redis.call('SADD', KEYS[2], ARGV[1])", ""),
    Mutant("exchange", "redis.call('GET', KEYS[3]) == ARGV[1]", "true"),
    Mutant("exchange", "if settled[i] == 1 then", "if true then"),
    Mutant("exchange", "'LREM', KEYS[1], -1", "'LREM', KEYS[1], 0"),
    Mutant("exchange", "'RPUSH', KEYS[2]", "'LPUSH', KEYS[2]"),
    Mutant("exchange", "-#kinds, -1)", "0, #kinds - 1)"),
    Mutant("exchange", "oldest[#oldest - in_order] == ARGV[10 + in_order]", "oldest[#oldest - in_order]"),
    Mutant("exchange", "'LTRIM', KEYS[1], 0, -1 - in_order", "'LTRIM', KEYS[1], in_order, -1"),
    Mutant("exchange", "'RIGHT', 'LEFT'", "'LEFT', 'LEFT'"),
    Mutant("exchange", "KEYS[1], 'RIGHT', 'LEFT'", "KEYS[1], 'RIGHT', 'RIGHT'"),
    Mutant("exchange", "KEYS[2], -many, -1", "KEYS[2], 0, many - 1"),
    Mutant("exchange", "oldest[#oldest - #page]", "oldest[#page + 1]"),
    Mutant("exchange", "'LPUSH', KEYS[1], unpack", "'RPUSH', KEYS[1], unpack"),
    Mutant("exchange", "'LTRIM', KEYS[2], 0, -1 - #page", "'LTRIM', KEYS[2], #page, -1"),
    Mutant("exchange", "fetch - #fetched", "fetch"),
    Mutant("exchange", "if #moved < page then break end", "break"),
    Mutant("exchange", "redis.call('LPUSH', KEYS[1], payload)", ""),
    Mutant("exchange", "settled[i], refusal = -1", "settled[i], refusal = 1"),
    Mutant("exchange", "put = redis.pcall('ZADD'", "put = redis.call('ZADD'"),
    Mutant("exchange", "ARGV[new] == '' and payload or ARGV[new]", "payload"),
    Mutant("exchange", "b = KEYS[6]", "b = KEYS[5]"),
    Mutant("exchange", "elseif kind ~= 'q' and kind ~= 'b' and kind ~= 's' then", "else"),
    Mutant("exchange", "math.max(many, old)", "many"),
    Mutant("exchange", "math.max(many, old)", "old"),
    Mutant("exchange", " and total < most_bytes", ""),
    Mutant("exchange", "bytes = bytes + #moved[i]", ""),
    Mutant("exchange", "redis.call('SADD', KEYS[4], ARGV[2])", ""),
    Mutant("exchange", "new = new + 2", ""),
    Mutant("due", "'-inf', now", "'-inf', '+inf'"),
    Mutant("move", "redis.call('ZREM', KEYS[1], unpack(part.olds))", ""),
    Mutant("move", " and redis.call('ZSCORE', KEYS[1], old)", ""),
    Mutant("move", "if part.to == 3 then", "redis.call('ZREM', KEYS[1], unpack(part.olds)) if part.to == 3 then"),
    Mutant("move", "'LPUSH'", "'RPUSH'"),
    Mutant("move", "if part.to > 3 then redis.call('SADD'", "if false then redis.call('SADD'"),
    Mutant("heartbeat", "if holder and holder ~= ARGV[2]", "if false"),
    Mutant("heartbeat", "kept and ARGV[2] or ARGV[4]", "ARGV[2]"),
    Mutant("heartbeat", "redis.call('SADD', KEYS[3], ARGV[1])", ""),
    Mutant("rescue", "redis.call('EXISTS', KEYS[1]) == 1", "false"),
    Mutant("rescue", "redis.call('LREM', KEYS[4], 1, payload)", ""),
    Mutant("rescue", "'RPUSH'", "'LPUSH'"),
    Mutant("rescue", "recoveries[payload] or ", ""),
    Mutant("rescue", "> tonumber(ARGV[4])", ">= tonumber(ARGV[4])"),
    Mutant("rescue", "if left == 0 then", "if true then"),
    Mutant("rescue", "if redis.call('SCARD', KEYS[2]) == 0 then redis", "if true then redis"),
    Mutant("rescue", "return redis.error_reply('WRONGTYPE '", "local _ = ('WRONGTYPE '"),
    Mutant("deregister", "if (redis.call('GET', KEYS[1]) or '') ~= ARGV[2] then return -1 end", ""),
    Mutant("deregister", "if jobs == 0 then empty", "if true then empty"),
    Mutant("deregister", "if redis.call('SCARD', KEYS[2]) == 0 then redis", "if true then redis"),
]


@pytest.fixture
def machine(redis_url: str, redis: redis_py.Redis) -> Iterator[Callable[..., type[Store]]]:
    """Return a function that makes a machine whose store uses some other scripts."""
    connection = Connection(RedisUrl(redis_url), name="stateful")

    def made(*scripts: Script) -> type[Store]:
        commands = Swapping(connection, {script.name: script for script in scripts})
        return type("Store", (Store,), {"redis": redis, "commands": commands})

    yield made
    connection.close()


def effort(examples: int, steps: int = 40, **more: Any) -> settings:
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        database=None,
        suppress_health_check=list(HealthCheck),
        **more,
    )


@pytest.mark.slow  # thousands of steps, each against a real server
@pytest.mark.timeout(600)
def test_the_store_does_what_its_model_does_in_any_order(machine: Callable[..., type[Store]], long: bool) -> None:
    run_state_machine_as_test(machine(), settings=effort(1000 if long else 40, 50))


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("mutant", MUTANTS, ids=str)
def test_a_mistake_in_a_script_is_found(machine: Callable[..., type[Store]], mutant: Mutant, long: bool) -> None:
    """Always in the same order, and no smaller example is looked for: it is enough that there is one."""
    quick = effort(2000 if long else 400, derandomize=True, phases=[Phase.generate], report_multiple_bugs=False)

    mistaken = machine(mutant.made())  # not below, where its own assertion would pass for a find
    with pytest.raises((AssertionError, StoreError, KeyError)):  # KeyError: it answers what the store does not know
        run_state_machine_as_test(mistaken, settings=quick)

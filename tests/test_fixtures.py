"""The fixtures that all tests share."""

from __future__ import annotations

import pytest
import redis as redis_py

from verk_actors.settings.config import Config


@pytest.mark.parametrize("time", [1, 2])
def test_each_test_finds_the_server_empty(redis: redis_py.Redis, time: int) -> None:
    assert redis.dbsize() == 0

    redis.set("left behind", time)


def test_the_config_names_the_server_and_a_node_of_its_own(config: Config, redis_url: str) -> None:
    assert config.redis_url.value == redis_url
    assert not config.node_id_fixed

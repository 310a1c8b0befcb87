"""The first page: counts, history, and what each Redis tells of itself."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from verk_actors.client import Client
from verk_actors.errors import StoreUnavailable
from verk_actors.settings.redis_url import RedisUrl
from verk_actors.web.views.overview import DAYS, read_history

ROW = re.compile(r'data-day="([^"]+)" data-processed="(\d+)" data-failed="(\d+)"')


@pytest.mark.parametrize("days", DAYS)
def test_the_history_has_as_many_days_as_asked_for_and_the_last_is_today(web, redis, days):
    today = datetime.fromtimestamp(redis.time()[0], UTC).date()
    redis.mset({f"stat:processed:{today}": 1234, f"stat:failed:{today - timedelta(days=days - 1)}": 7})

    page = web.get(f"/?days={days}").text
    rows = ROW.findall(page)

    assert len(rows) == days
    assert rows[-1] == (str(today), "1234", "0")
    assert rows[0] == (str(today - timedelta(days=days - 1)), "0", "7")
    assert re.findall(r'aria-current="true">(\d+) days', page) == [str(days)]


@pytest.mark.parametrize("days", ["", "0", "-1", "1e9", "31", "x"])
def test_any_other_number_of_days_is_a_month(web, days):
    assert len(ROW.findall(web.get("/", params={"days": days}).text)) == 30


def test_what_redis_tells_of_itself_is_shown_with_what_is_of_concern(web, redis):
    before = redis.config_get("maxmemory-policy")["maxmemory-policy"]
    redis.config_set("maxmemory-policy", "allkeys-lru")
    try:
        page = web.get("/").text
    finally:
        redis.config_set("maxmemory-policy", before)

    assert re.search(r"<h2>(Valkey|Redis) \d+\.\d+", page)
    assert "its maxmemory-policy is allkeys-lru, so it may drop jobs" in page
    assert re.search(r"<dt>Clients</dt><dd>\d+</dd>", page)


def test_a_user_who_may_not_ask_sees_the_rest(client, redis, config, make_app):
    """The page does without INFO; a server that is away is another matter."""
    redis.acl_setuser("viewer", enabled=True, nopass=True, keys=["*"], commands=["+@all", "-info"])
    url = str(config.redis_url).replace("unix://", "unix://viewer:x@")
    with Client(type(config)(redis_url=RedisUrl(url))) as viewer:
        assert list(viewer.servers().values()) == [None]
    redis.acl_deluser("viewer")
    with pytest.raises(StoreUnavailable), Client(type(config)(redis_url="unix:///nowhere.sock")) as nobody:
        nobody.servers()


def test_the_history_is_in_order(client):
    days = [one.day for one in read_history(client, 7)]

    assert days == sorted(days)

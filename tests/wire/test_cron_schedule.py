"""When periodic jobs run: over changes of the clocks too, and what is made up for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise, takewhile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verk_actors.wire.cron_schedule import MOST_AT_ONCE, CronSchedule, InvalidCron

HOUR = 3600.0
DAY = 24 * HOUR
NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)

# A day before clocks are changed: at night, at midnight, by two hours, and never.
CHANGES = [
    ("Europe/Berlin", datetime(2026, 3, 28, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 10, 24, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 3, 7, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 10, 31, tzinfo=UTC)),
    ("Africa/Cairo", datetime(2026, 4, 23, tzinfo=UTC)),
    ("America/Havana", datetime(2026, 10, 31, tzinfo=UTC)),
    ("Antarctica/Troll", datetime(2026, 3, 28, tzinfo=UTC)),
    ("Antarctica/Troll", datetime(2026, 10, 24, tzinfo=UTC)),
    ("UTC", datetime(2026, 3, 28, tzinfo=UTC)),
]


def times(cron: str, timezone: str, first: datetime, days: float = 3) -> list[str]:
    """Return the times of some days, as clocks there show them."""
    start, zone = first.timestamp(), ZoneInfo(timezone)
    found = takewhile(lambda at: at < start + days * DAY, CronSchedule(cron, timezone=timezone).after(start))
    return [datetime.fromtimestamp(at, zone).isoformat() for at in found]


@pytest.mark.parametrize(
    ("cron", "following"),
    [
        ("*/5 * * * *", "2026-07-01T12:05:00+00:00"),
        ("*/10 * * * * *", "2026-07-01T12:00:10+00:00"),
        ("0 3 * * *", "2026-07-02T03:00:00+00:00"),
        ("0 9-17 * * mon-fri", "2026-07-01T13:00:00+00:00"),
        ("0 0 LW * *", "2026-07-31T00:00:00+00:00"),
        ("0 0 * * 5L", "2026-07-31T00:00:00+00:00"),
        ("0 0 29 2 *", "2028-02-29T00:00:00+00:00"),
        ("@hourly", "2026-07-01T13:00:00+00:00"),
        ("@Daily", "2026-07-02T00:00:00+00:00"),
        ("@midnight", "2026-07-02T00:00:00+00:00"),
        ("@weekly", "2026-07-05T00:00:00+00:00"),
        ("@monthly", "2026-08-01T00:00:00+00:00"),
        ("@yearly", "2027-01-01T00:00:00+00:00"),
        ("@annually", "2027-01-01T00:00:00+00:00"),
    ],
)
def test_an_expression_has_five_fields_or_six_or_is_a_word(cron: str, following: str) -> None:
    assert [at.isoformat() for at in CronSchedule(cron).next(1, NOON)] == [following]


def test_times_are_those_of_the_time_zone_and_are_told_in_english() -> None:
    schedule = CronSchedule("30 8 * * 1", timezone="Asia/Kolkata")
    assert [at.isoformat() for at in schedule.next(2, NOON)] == [
        "2026-07-06T08:30:00+05:30",
        "2026-07-13T08:30:00+05:30",
    ]
    assert schedule.explained() == "At 08:30 on Monday"


def test_where_an_hour_is_left_out_a_job_of_that_hour_runs_once_right_behind_it() -> None:
    assert times("30 2 * * *", *CHANGES[0]) == [
        "2026-03-28T02:30:00+01:00",
        "2026-03-29T03:00:00+02:00",
        "2026-03-30T02:30:00+02:00",
    ]


def test_where_an_hour_comes_twice_a_job_of_that_hour_runs_once_and_one_of_each_hour_in_both() -> None:
    assert times("30 2 * * *", *CHANGES[1]) == [
        "2026-10-24T02:30:00+02:00",
        "2026-10-25T02:30:00+02:00",
        "2026-10-26T02:30:00+01:00",
    ]
    assert times("0 * * * *", "Europe/Berlin", CHANGES[1][1] + timedelta(days=1), days=0.1)[:2] == [
        "2026-10-25T02:00:00+01:00",
        "2026-10-25T03:00:00+01:00",
    ]


def test_with_seconds_it_is_just_so() -> None:
    assert times("15,45 30 2 * * *", *CHANGES[0]) == [
        "2026-03-28T02:30:15+01:00",
        "2026-03-28T02:30:45+01:00",
        "2026-03-29T03:00:15+02:00",
        "2026-03-29T03:00:45+02:00",
        "2026-03-30T02:30:15+02:00",
        "2026-03-30T02:30:45+02:00",
    ]
    assert times("0 30 2 * * *", *CHANGES[1]) == times("30 2 * * *", *CHANGES[1])
    hour = times("*/20 * * * * *", "Europe/Berlin", CHANGES[1][1] + timedelta(hours=24.5), days=1 / 24)
    assert (hour[0], len(hour)) == ("2026-10-25T02:30:20+02:00", 179)


@pytest.mark.parametrize("before", [datetime(2026, 4, 4, tzinfo=UTC), datetime(2026, 10, 3, tzinfo=UTC)])
def test_where_clocks_change_by_half_an_hour_what_runs_every_so_often_does_so_and_what_has_a_fixed_time_runs_once(
    before: datetime,
) -> None:
    zone, start = "Australia/Lord_Howe", before.timestamp()
    minutes = [start + 60 * minute for minute in range(1, 2 * 24 * 60)]
    for every in (1, 10, 30):
        shown = [datetime.fromtimestamp(at, ZoneInfo(zone)) for at in minutes]
        assert times(f"*/{every} * * * *", zone, before, 2) == [
            at.isoformat() for at in shown if at.minute % every == 0
        ]
    assert [at[8:10] for at in times("45 1 * * *", zone, before, 2)] == [f"{before.day + more:02}" for more in (1, 2)]


EXPRESSIONS = ["*/10 * * * *", "*/15 2 * * *", "7 * * * *", "30 */2 * * *", "30 2 * * *", "0,30 1-3 * * *", "0 0 * * *"]


@pytest.mark.parametrize(("timezone", "before"), CHANGES)
def test_over_a_change_all_nodes_find_the_same_times_wherever_they_begin(timezone: str, before: datetime) -> None:
    zone, start = ZoneInfo(timezone), before.timestamp()
    wall = {start + 60 * minute: datetime.fromtimestamp(start + 60 * minute, zone) for minute in range(1, 3 * 24 * 60)}
    for cron in EXPRESSIONS:
        schedule = CronSchedule(cron, timezone=timezone)
        found = list(takewhile(lambda at: at < start + 3 * DAY, schedule.after(start)))

        assert all(at < following for at, following in pairwise(found))
        for begin in range(int(start + 20 * HOUR), int(start + 36 * HOUR), 1800):
            assert next(schedule.after(begin)) == next(at for at in found if at > begin)
        minute, hour, *_ = cron.split()
        if "*" in minute + hour:  # as time goes by: whenever clocks show it
            assert found == [at for at, shown in wall.items() if fits(minute, shown.minute) and fits(hour, shown.hour)]


def fits(field: str, value: int) -> bool:
    """Tell whether a value fits a field that is `*`, `*/n` or a number."""
    return field == "*" or (value % int(field[2:]) == 0 if field.startswith("*/") else value == int(field))


def test_of_the_times_that_no_node_saw_none_is_made_up_for_or_the_last_or_all_within_the_window() -> None:
    now = NOON.timestamp() + 125
    hourly = ["none", "last", "all"]
    due = {
        catch_up: CronSchedule("@hourly", catch_up=catch_up, catch_up_window_seconds=5 * HOUR).due(now - 9 * HOUR, now)  # type: ignore[arg-type]
        for catch_up in hourly
    }
    noon = NOON.timestamp()
    assert due == {"none": [], "last": [noon], "all": [noon - hours * HOUR for hours in (4, 3, 2, 1, 0)]}


@pytest.mark.parametrize("catch_up", ["none", "last", "all"])
def test_a_time_that_has_just_come_is_due_once(catch_up: str) -> None:
    schedule, noon = CronSchedule("@hourly", catch_up=catch_up), NOON.timestamp()  # type: ignore[arg-type]
    last = noon - HOUR
    assert schedule.due(last, noon - 0.001) == []
    assert schedule.due(last, noon) == schedule.due(last, noon + 59) == [noon]
    assert schedule.due(noon, noon + 59) == []
    assert schedule.due(noon, noon - 30 * 60) == []  # the clock was set back


def test_of_many_missed_times_all_are_made_up_for_in_parts_and_the_last_is_found_soon() -> None:
    now = NOON.timestamp()
    every_second = CronSchedule("* * * * * *", catch_up="all", catch_up_window_seconds=7 * DAY)
    assert every_second.due(now - DAY, now) == [now - DAY + second for second in range(1, MOST_AT_ONCE + 1)]
    assert CronSchedule("* * * * * *", catch_up_window_seconds=365 * DAY).due(0, now) == [now]
    assert CronSchedule("0 0 1 1 *", catch_up_window_seconds=365 * DAY).due(0, now) == [
        datetime(2026, 1, 1, tzinfo=UTC).timestamp()
    ]


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"cron": "61 * * * *"}, "cron='61 * * * *' is no cron expression: bad minute"),
        ({"cron": "* * * *"}, "wrong number of fields"),
        ({"cron": "0 0 31 2 *"}, "bad day-of-month"),
        ({"cron": "0 0 30 2 1L#6"}, "is no cron expression"),
        ({"cron": "@reboot"}, "is no cron expression"),
        ({"cron": "*" * 201}, "at most 200 characters"),
        ({"cron": None}, "must be a text"),
        ({"cron": "@daily", "timezone": "Mars/Olympus"}, "timezone='Mars/Olympus' is no time zone known here"),
        ({"cron": "@daily", "timezone": "../etc/passwd"}, "is no time zone"),
        ({"cron": "@daily", "timezone": "Europe"}, "is no time zone"),
        ({"cron": "@daily", "timezone": None}, "is no time zone"),
        ({"cron": "@daily", "catch_up": "some"}, "catch_up='some' must be none, last or all"),
        ({"cron": "@daily", "catch_up_window_seconds": 0}, "must be a number of seconds above 0"),
    ],
)
def test_what_can_never_be_is_refused_with_its_reason(values: dict[str, object], complaint: str) -> None:
    with pytest.raises(InvalidCron) as refused:
        CronSchedule(**values)  # type: ignore[arg-type]
    assert complaint in str(refused.value)


@settings(max_examples=40)  # one that never comes is looked for through fifty years
@given(st.text(max_size=40) | st.from_regex(r"([*0-9A-Z/,\-#LW]{1,5} ){4,5}[*0-9A-Z/,\-#LW]{1,5}", fullmatch=True))
def test_any_text_is_a_schedule_or_none_and_nothing_else(text: str) -> None:
    try:
        schedule = CronSchedule(text)
    except InvalidCron as error:
        assert str(error).isprintable()
    else:
        first = list(islice(schedule.after(0.0), 3))
        assert first == sorted(set(first)) != []
        assert schedule.explained()

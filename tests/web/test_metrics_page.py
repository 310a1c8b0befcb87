"""`/metrics`: which class has run how often, and for how long."""

from __future__ import annotations

import re

import pytest

from verk_actors.store.class_counts import ClassCounts
from verk_actors.web.formats import UNKNOWN
from verk_actors.web.views.class_metrics import PERIODS, read_class_table, read_class_times
from verk_actors.wire.histogram import Histogram

ODD = "Shop/<b>::Mail 100%"


def durations(**places: int) -> Histogram:
    """Return a histogram: how many are at `p7`, and so on."""
    counts = [0] * 26
    for place, count in places.items():
        counts[int(place[1:])] = count
    return Histogram(tuple(counts))


@pytest.fixture
def runs(client, redis):
    """Have three classes run, in this minute, and one of them ten minutes ago too."""
    now = redis.time()[0]
    client.recent_classes.add(
        {
            "Mail": ClassCounts(12, 2, 3.0, durations(p6=8, p9=2)),
            "Report": ClassCounts(1, 0, 60.0, durations(p20=1)),
            ODD: ClassCounts(4, 4),
        },
        now,
    )
    client.recent_classes.add({"Mail": ClassCounts(10, 0, 7.0, durations(p6=9, p10=1))}, now - 600)


def shown(text: str) -> list[list[str]]:
    """Return the words of each row of the first table."""
    body = re.search(r"<tbody>(.*?)</tbody>", text, re.DOTALL)
    rows = re.findall(r"<tr>(.*?)</tr>", body[1], re.DOTALL) if body else []
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL) for row in rows]
    return [[" ".join(re.sub(r"<[^>]*>", " ", cell).split()) for cell in row] for row in cells]


def test_all_classes_are_there_those_first_that_took_the_most_time(web, runs):
    page = web.get("/metrics")

    assert [row[:6] for row in shown(page.text)] == [
        ["Report", "1", "0", "1 min 0 s", "1 min 0 s", "86 %"],
        ["Mail", "22", "2 9.1 %", "500 ms", "10.0 s", "14 %"],
        ["Shop/&lt;b&gt;::Mail 100%", "4", "4 100.0 %", UNKNOWN, "0 ms", "0 %"],
    ]
    assert page.text.count('<rect class="bar"') >= 2
    assert "per minute at most" in page.text


@pytest.mark.parametrize(("where", "names"), [("mail", ["Mail", "Shop/&lt;b&gt;::Mail 100%"]), ("REPORT", ["Report"])])
def test_classes_are_filtered_by_a_part_of_their_name(web, runs, where, names):
    page = web.get("/metrics", params={"class": where, "period": "4h"})

    assert [row[0] for row in shown(page.text)] == names
    assert f'href="/metrics?period=8h&amp;class={where}"' in page.text  # another time keeps the filter
    assert '<input type="hidden" name="period" value="4h">' in page.text


@pytest.mark.parametrize("period", [*PERIODS, "nonsense"])
def test_each_time_that_can_be_chosen_is_shown_in_few_steps(web, client, runs, period):
    page = web.get("/metrics", params={"period": period})

    assert f'aria-current="true">{period if period in PERIODS else "1h"}</a>' in page.text
    if period in PERIODS:
        table = read_class_table(client, period)
        assert len(table.slots) <= 72
        assert len(table.slots) * table.slot_minutes >= PERIODS[period]
        assert sum(slot.processed for slot in table.slots) == 27
        assert [sum(row.trend) for row in table.rows] == [1, 22, 4]


def test_where_nothing_has_run_it_says_what_to_do(web, runs, redis):
    assert "Show all classes" in web.get("/metrics?class=nowhere").text
    assert "No job of this class has run in the last 1h." in web.get("/metrics/Nowhere").text
    redis.flushall()
    assert "No job has run in the last 1h." in web.get("/metrics").text


def test_a_class_is_shown_with_how_long_its_runs_took(web, client, runs):
    page = web.get("/metrics/Mail")

    assert "<h1>Mail</h1>" in page.text
    assert [row[:2] for row in shown(page.text)][::3] == [
        [f"150 ms {UNKNOWN} 225 ms", "17"],
        [f"500 ms {UNKNOWN} 750 ms", "2"],
    ]
    assert page.text.count("fill-opacity") == 4  # two buckets in each of two minutes
    times = read_class_times(client, "Mail", "1h")
    assert [bucket.count for bucket in times.buckets] == [17, 0, 0, 2, 1]
    assert [sum(column) for column in zip(*times.columns, strict=True)] == [17, 0, 0, 2, 1]
    median, slow, slowest = times.quantiles
    assert 0.15 < median < 0.225
    assert 0.5 < slow <= slowest < 1.1


def test_a_class_of_any_name_has_a_page_and_one_that_always_failed_has_no_times(web, runs):
    [address] = re.findall(r'href="(/metrics/Shop[^"?]*)', web.get("/metrics").text)
    page = web.get(address)

    assert "<h1>Shop/&lt;b&gt;::Mail 100%</h1>" in page.text
    assert page.text.count("No times are known.") == 2


def test_times_are_known_for_eight_hours_and_counts_for_longer(client, redis):
    now = redis.time()[0]
    client.recent_classes.add({"Mail": ClassCounts(5, 0, 1.0, durations(p6=5))}, now - 10 * 3600)

    times = read_class_times(client, "Mail", "24h")
    assert (times.row.processed, times.buckets) == (5, ())
    assert times.column_minutes == 7
    assert read_class_times(client, "Mail", "8h").row.processed == 0


def test_the_longest_and_the_shortest_bucket_have_names(client, redis):
    client.recent_classes.add({"Mail": ClassCounts(2, 0, 500.0, durations(p0=1, p25=1))}, redis.time()[0])

    times = read_class_times(client, "Mail", "1h")
    labels = [bucket.label for bucket in times.buckets]
    assert (len(labels), labels[0], labels[-1]) == (26, "below 20 ms", "over 5 min 35 s")

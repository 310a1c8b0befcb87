"""`verk bench`: what it says of what it has measured, and what it refuses."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from verk_actors.cli.bench import marks, stock
from verk_actors.cli.bench.jobs import noop
from verk_actors.cli.bench.machine import Machine, Taken
from verk_actors.cli.bench.report import Report, Run, summarise, text
from verk_actors.cli.bench.rows import ROWS, Goal
from verk_actors.cli.bench.usage import speed
from verk_actors.wire.codec import decode

MACHINE = Machine(cores=2, processor="x", python="CPython 3", packages={"redis": "8"}, server="redis 7", load=0.5)


def test_a_median_is_held_against_the_goal_of_its_row():
    figures = [{"jobs/s": rate, "CPU µs/job": 10.0} for rate in (34_000.0, 36_000.0)]
    slow, quick = (Run(figures=figures_of_one, speed=1.0, others=5.0) for figures_of_one in figures)

    [rate, cpu] = summarise("drain", [quick, slow, quick], brief=False)

    assert (rate.median, rate.least, rate.most, rate.met) == (36_000, 34_000, 36_000, True)
    assert (cpu.goal, cpu.met) == (None, None)
    assert next(summarise("drain", [slow, quick, slow], brief=False)).met is False


def test_a_rate_is_held_against_its_goal_in_proportion_to_the_speed_of_the_machine():
    [rate] = summarise("drain", [Run(figures={"jobs/s": 18_000.0}, speed=0.5, others=5.0)], brief=False)
    [ratio] = summarise("nodes", [Run(figures={"times one node": 1.4}, speed=0.5, others=5.0)], brief=False)

    assert (rate.goal, rate.met) == (Goal(least=17_500), True)
    assert (ratio.goal, ratio.met) == (Goal(least=1.5), False)


def test_what_may_be_lost_of_an_ideal_and_how_long_a_step_may_take_go_with_the_speed_too():
    share = {"% of the ideal, prefetch=100": 90.0}
    [kept] = summarise("waiting", [Run(figures=share, speed=0.5, others=5.0)], brief=False)
    [step] = summarise("due", [Run(figures={"longest script ms": 19.0}, speed=0.5, others=5.0)], brief=False)

    assert kept.goal is not None
    assert kept.goal.least == pytest.approx(100 / (1 + 2 * (100 / 94 - 1)))  # twice the loss: 88.7 %
    assert (kept.met, step.goal, step.met) == (True, Goal(most=20), True)


def test_the_speed_of_a_machine_is_a_positive_number():
    assert speed() > 0


def test_what_was_measured_briefly_is_not_judged():
    assert next(summarise("drain", [Run(figures={"jobs/s": 1.0}, speed=1.0, others=0.0)], brief=True)).met is None


def test_what_others_took_is_the_busy_time_without_our_own():
    before = Taken(whole=100.0, busy=50.0, ours=10.0)

    assert Taken(whole=110.0, busy=57.0, ours=13.0).others_since(before) == 40.0
    assert Taken(whole=110.0, busy=52.0, ours=13.0).others_since(before) == 0.0


@pytest.mark.parametrize(("goal", "value", "met"), [(Goal(least=2), 2, True), (Goal(most=2), 2.1, False)])
def test_a_goal_is_a_least_or_a_most(goal, value, met):
    assert goal.is_met(value) is met


def test_the_report_is_a_table_and_the_machine():
    run = Run(figures={"% of a core": 0.1234, "commands/s": 1234.5}, speed=0.756, others=12.3)
    figures = list(summarise("idle", [run], brief=False))

    lines = text(Report(machine=MACHINE, runs=1, brief=False, figures=figures)).splitlines()

    assert lines[0].split() == ["ROW", "FIGURE", "MEDIAN", "LEAST", "MOST", "GOAL", "MET", "SPEED", "OTHERS"]
    assert lines[1].split()[:5] == ["idle", "%", "of", "a", "core"]
    assert lines[1].split()[5:] == ["0.123", "0.123", "0.123", "≤", "0.5", "yes", "0.76", "12", "%"]
    assert lines[2].split()[2:] == ["1,234", "1,234", "1,234", "≤", "10", "no", "0.76", "12", "%"]
    assert lines[-1] == "2 cores (x), load 0.5; CPython 3; redis 8; redis 7"


def test_a_row_is_brief_where_it_is_and_each_goal_has_one_bound():
    assert all(row.brief <= row.size for row in ROWS.values())
    assert all((goal.least is None) != (goal.most is None) for row in ROWS.values() for goal in row.goals.values())


def test_jobs_are_laid_in_with_a_number_and_a_jid_each():
    jobs = [decode(payload) for payload in stock.payloads(noop.job(0, "x"), "default", [7, 8])]

    assert [job.args for job in jobs] == [[7, "x"], [8, "x"]]
    assert len({job.jid for job in jobs}) == 2
    assert {job.queue for job in jobs} == {"default"}


def test_marks_are_read_as_they_were_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "marks"
    monkeypatch.setenv(marks.VARIABLE, str(path))
    assert marks.read(path) == []

    marks.mark(3, 1.5)
    marks.mark(4, 2.5)
    with path.open("a") as file:
        file.write("5 1")  # a line on its way

    assert [(mark.number, mark.at) for mark in marks.read(path)] == [(3, 1.5), (4, 2.5)]
    os.close(marks._file())
    marks._file.cache_clear()


def test_a_database_that_holds_something_is_refused_and_left_alone(verk_here, redis, redis_url):
    redis.set("mine", 1)

    refused = verk_here("bench", "drain", "--brief", "--server", redis_url)

    assert refused.returncode == 2
    assert "holds 1 keys" in refused.stderr
    assert redis.get("mine") == b"1"


def test_the_enqueue_row_runs_on_a_given_server_and_leaves_it_empty(verk_here, redis, redis_url):
    said = verk_here("bench", "enqueue", "--brief", "--json", "--server", redis_url)

    assert said.returncode == 0, said.stderr
    assert {figure["row"] for figure in json.loads(said.stdout.splitlines()[-1])["figures"]} == {"enqueue"}
    assert redis.dbsize() == 0

"""A project on Django: jobs on its database, enqueued when a transaction is committed, run by `manage.py verk`."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import ClassVar

import pytest
import redis as redis_py
from support.commands import Command, ended, environment
from support.eventually import eventually

pytestmark = pytest.mark.slow  # an interpreter loads Django

MANAGE = """
import os, sys
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project")
from django.core.management import execute_from_command_line
if __name__ == "__main__":
    execute_from_command_line(sys.argv)
"""
PROJECT = """
import os
SECRET_KEY = "x"
INSTALLED_APPS = ["shop", "verk_actors.contrib.django"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "shop.sqlite3"}}
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
VERK = {
    "redis_url": os.environ["REDIS"],
    "queues": {"default": 1, "apart": {"size": 1, "executor": "process"}},
    "poll_interval_seconds": 0.05,
}
"""
MODELS = """
from django.db import models

class Order(models.Model):
    shipped_by = models.CharField(max_length=20, default="")
"""
JOBS = """
from django.db import connection
from shop.models import Order
from verk_actors import worker

@worker
def ship(number, by):
    Order.objects.filter(pk=number).update(shipped_by=by)

@worker(max_retry_count=0)
def break_connection():
    connection.ensure_connection()
    connection.errors_occurred = True
    connection.connection.close()
"""
ORDER = """
import json
import django
django.setup()
from django.core.management import call_command
from django.db import transaction
from shop.jobs import break_connection, ship
from shop.models import Order
from verk_actors.contrib.django import client, config, enqueue_on_commit

call_command("migrate", run_syncdb=True, verbosity=0)
waiting = []
with transaction.atomic():
    for queue in ("default", "apart"):
        order = Order.objects.create()
        jid = enqueue_on_commit(ship.with_options(queue=queue).job(order.pk, queue))
    waiting.append(client().queue("apart").count())
waiting.append([job.jid == jid for job in client().queue("apart").range()])
try:
    with transaction.atomic():
        enqueue_on_commit(ship.job(1, "nobody"))
        raise KeyError
except KeyError:
    waiting.append(client().queue("default").count())
enqueue_on_commit(break_connection.job())
print(json.dumps([waiting, config().worker_middleware]))
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a directory with a project."""
    files = {"manage.py": MANAGE, "project.py": PROJECT, "shop/models.py": MODELS, "shop/jobs.py": JOBS}
    (tmp_path / "shop").mkdir()
    for name, text in {**files, "shop/__init__.py": ""}.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def variables(project: Path, redis_url: str) -> dict[str, str]:
    path = os.pathsep.join(filter(None, (str(project), os.environ.get("PYTHONPATH"))))
    return {"REDIS": redis_url, "DJANGO_SETTINGS_MODULE": "project", "PYTHONPATH": path}


def run(project: Path, redis_url: str, *command: str) -> subprocess.CompletedProcess[str]:
    return ended([sys.executable, *command], environment(**variables(project, redis_url)), project)


class Managed(Command):
    """`manage.py verk` as it runs."""

    program: ClassVar = [sys.executable, "manage.py", "verk"]


def test_jobs_are_enqueued_by_the_commit_and_run_on_the_projects_database(
    project: Path, redis_url: str, redis: redis_py.Redis
) -> None:
    made = run(project, redis_url, "-c", ORDER)
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout) == [
        [0, [True], 1],
        ["verk_actors.contrib.django.connections:closing_connections"],
    ]

    with Managed("--health", "0", cwd=project, **variables(project, redis_url)) as node:
        node.expect("health: http://127.0.0.1:")
        eventually(lambda: redis.get("stat:processed") == b"3", "end of the jobs")
        node.send(signal.SIGTERM)
        assert node.exit_code() == 0, node.output

    with closing(sqlite3.connect(project / "shop.sqlite3")) as database:
        rows = database.execute("select shipped_by from shop_order order by id").fetchall()
    assert rows == [("default",), ("apart",)]
    assert redis.get("stat:failed") is None


def test_several_nodes_are_processes_under_one_command(project: Path, redis_url: str, redis: redis_py.Redis) -> None:
    options = ["--processes", "2", "--node-id", "shop", "-q", "default:1", "-q", "mail:1"]

    with Managed(*options, cwd=project, **variables(project, redis_url)) as nodes:
        nodes.expect(" runs; queues: default, mail", count=2)
        assert redis.smembers("verk_nodes") == {b"shop-1", b"shop-2"}
        nodes.send(signal.SIGTERM)
        assert nodes.exit_code() == 0, nodes.output

    assert redis.smembers("verk_nodes") == set()


def test_a_setting_that_is_none_is_refused_in_one_line(project: Path, redis_url: str) -> None:
    (project / "project.py").write_text(PROJECT.replace('"queues"', '"ques"'))

    refused = run(project, redis_url, "manage.py", "verk")

    assert (refused.returncode, refused.stderr) == (2, "CommandError: argument='ques' is not allowed: queues\n")

"""Database connections around the run of a job, as Django handles them around a request.

Where the module is imported first, as in a job process, it sets Django up: job classes may import models.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import django
from django.apps import apps
from django.db import close_old_connections

from verk_actors.wire.job import Job

if "DJANGO_SETTINGS_MODULE" in os.environ and not (apps.ready or apps.loading):
    django.setup()


def closing_connections(job: Job, call_next: Callable[[Job], Any]) -> Any:
    """Run a job; connections that are broken, or older than CONN_MAX_AGE, are closed before and after it."""
    close_old_connections()
    try:
        return call_next(job)
    finally:
        close_old_connections()

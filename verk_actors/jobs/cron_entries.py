"""The periodic jobs that a node brings along: those of its configuration, and of the job classes that it knows."""

from __future__ import annotations

from typing import cast

from verk_actors.jobs.registry import Performer, Registry
from verk_actors.settings.config import Config
from verk_actors.settings.cron import CronConfig
from verk_actors.wire.cron_entry import CronEntry
from verk_actors.wire.job import Job, JobOptions


def entries_of(config: Config, registry: Registry) -> dict[str, CronEntry]:
    """Return them by name; where both have one of a name, that of the configuration: operators have the last word."""
    performers = [(name, registry.known(name)) for name in registry.names()]
    entries = {
        name: CronEntry(name, _job(performer), performer.schedule, "code")
        for name, performer in performers
        if performer is not None and performer.schedule is not None and performer.name == name
    }
    for name, settings in config.cron.items():
        entries[name] = CronEntry(name, _job_of(settings, registry), settings.schedule, "config")
    return entries


def _job(performer: Performer) -> Job:
    return Job(class_=performer.name, args=[], **performer.options)


def _job_of(settings: CronConfig, registry: Registry) -> Job:
    performer = registry.known(settings.class_)
    of_class: JobOptions = {} if performer is None else performer.options
    options = cast(JobOptions, {**of_class, **settings.options})
    if settings.queue is not None:
        options["queue"] = settings.queue
    return Job(class_=settings.class_, args=list(settings.args), **options)

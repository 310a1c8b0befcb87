"""Which job runs periodically, and when: its settings, and how they are read from a mapping of names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from verk_actors.errors import ConfigError, InvalidJob
from verk_actors.settings.tables import by_name
from verk_actors.wire.codec import encode
from verk_actors.wire.cron_schedule import CatchUp, CronSchedule, InvalidCron
from verk_actors.wire.job import Job, JobOptions


@attrs.frozen(kw_only=True)
class CronConfig:
    """A periodic job. What is left open here is as the job class has it, where the node knows that.

    Raises:
        ConfigError: a value isn't allowed.
    """

    class_: str
    """The name of its job class; in a file it is called `class`."""

    cron: str
    """When, as five or six fields or a word such as @daily."""

    timezone: str = "UTC"
    """The time zone of its times, an IANA name."""

    queue: str | None = None
    """The queue it goes to."""

    args: Sequence[Any] = ()
    """Its arguments."""

    catch_up: CatchUp = "last"
    """Which times that passed while no node ran are made up for: none, last or all."""

    catch_up_window_seconds: float = 3600.0
    """How long ago these may have been."""

    options: JobOptions = attrs.field(factory=JobOptions)
    """Further options of the job, such as `max_retry_count`, `unique_for` and `expires_in`."""

    def __attrs_post_init__(self) -> None:
        for key, value in (("class", self.class_), ("cron", self.cron)):
            if value is None:
                raise ConfigError(key, None, "a text, which can't be left out")
        try:
            _ = self.schedule
        except InvalidCron as error:
            raise ConfigError(error.field, error.value, error.why) from None
        try:
            encode(Job(class_=self.class_, args=self.args, queue=self.queue))
            Job(class_=self.class_, args=(), **self.options)
        except InvalidJob as error:
            raise ConfigError(error.field.removesuffix("_"), error.value, error.why) from None
        except TypeError:  # what is no table, or has other keys
            allowed = ", ".join(sorted(JobOptions.__annotations__.keys() - {"queue"}))
            raise ConfigError("options", self.options, f"a table of {allowed}") from None

    @property
    def schedule(self) -> CronSchedule:
        """When it runs, and what is made up for."""
        return CronSchedule(
            self.cron,
            timezone=self.timezone,
            catch_up=self.catch_up,
            catch_up_window_seconds=self.catch_up_window_seconds,
        )


def cron_configs(entries: Mapping[str, CronConfig]) -> Mapping[str, CronConfig]:
    """Return periodic jobs by name.

    Raises:
        ConfigError: a name or a setting isn't allowed.
    """
    return by_name("cron", entries, CronConfig, _table, allowed="names of periodic jobs with their settings")


def _table(path: str, settings: object) -> Mapping[str, Any]:
    if not isinstance(settings, Mapping):
        raise ConfigError(path, settings, 'a table, like {class = "Report", cron = "@daily"}')
    return {"class": None, "cron": None, **settings}

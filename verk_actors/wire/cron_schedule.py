"""When a periodic job runs, and what is made up for where no node ran; pure.

Expressions are cronsim's, which takes them as Debian's cron does: over a change of the clocks a job of a fixed hour
runs once, and one of every hour or minute (`*`) as time goes by. It does so for those of five fields, so of six the
first, the seconds, is seen to here.

No counterpart in Verk. Exq has it in exq_scheduler.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, tzinfo
from itertools import islice, takewhile
from typing import Literal, get_args
from zoneinfo import ZoneInfo

import attrs
from cronsim import CronSim, CronSimError

from verk_actors.errors import VerkError, shown
from verk_actors.wire.job import is_seconds

CatchUp = Literal["none", "last", "all"]
"""Which of the times that passed while no node ran are made up for: none, the last, or each of them."""

MOST_AT_ONCE = 100  # times made up for in one go, so that a node does other things in between
PUNCTUAL_SECONDS = 60.0  # a time that came no longer ago is not missed: nodes restart, and Redis is away for a moment

_LONGEST = 200  # characters
_SPANS = (PUNCTUAL_SECONDS, 3600.0, 86_400.0)
_ALIASES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}


class InvalidCron(VerkError):
    """Raised when a periodic job can't run at such times; correct the value that it names."""

    def __init__(self, field: str, value: object, why: str) -> None:
        super().__init__(field, value, why)
        self.field = field
        self.value = value
        self.why = why

    def __str__(self) -> str:
        return f"{self.field}={shown(self.value)} {self.why}"


@attrs.frozen
class CronSchedule:
    """The times at which a periodic job runs.

    Attributes:
        cron: minute, hour, day of the month, month and day of the week, with the seconds before them where there are
            six; or @yearly, @monthly, @weekly, @daily or @hourly.
        timezone: an IANA name, such as Europe/Berlin.
        catch_up: which of the times that passed while no node ran are made up for. A time that came less than a minute
            ago is not missed yet; unless it is to be `all`, the last of several runs for them all.
        catch_up_window_seconds: how long ago they may have been.

    Raises:
        InvalidCron: one of them can't be so.
    """

    cron: str
    timezone: str = attrs.field(default="UTC", kw_only=True)
    catch_up: CatchUp = attrs.field(default="last", kw_only=True)
    catch_up_window_seconds: float = attrs.field(default=3600.0, kw_only=True)

    def __attrs_post_init__(self) -> None:
        _zone_of(self.timezone)
        if self.catch_up not in get_args(CatchUp):
            raise InvalidCron("catch_up", self.catch_up, "must be none, last or all")
        if not is_seconds(self.catch_up_window_seconds):
            raise InvalidCron(
                "catch_up_window_seconds", self.catch_up_window_seconds, "must be a number of seconds above 0"
            )
        if not isinstance(self.cron, str) or len(self.cron) > _LONGEST:
            raise InvalidCron("cron", self.cron, f"must be a text of at most {_LONGEST} characters")
        try:
            first = next(self.after(0.0), None)
        except CronSimError as error:
            raise InvalidCron("cron", self.cron, f"is no cron expression: {error}".lower()) from None
        if first is None:
            raise InvalidCron("cron", self.cron, "never comes")

    def after(self, instant: float) -> Iterator[float]:
        """Yield its times after an instant, all in unix seconds."""
        seconds, minutes = self._seconds_and_minutes
        start = datetime.fromtimestamp(instant // 60 * 60 - 1, _zone_of(self.timezone))
        for minute in CronSim(minutes, start):
            for second in seconds:
                at = minute.timestamp() + second
                if at > instant:  # where clocks are set back, wall time comes again, which an instant does not
                    instant = at
                    yield at

    def next(self, count: int, after: datetime) -> list[datetime]:
        """Return so many of its times after an aware datetime, in its time zone."""
        zone = _zone_of(self.timezone)
        return [datetime.fromtimestamp(at, zone) for at in islice(self.after(after.timestamp()), count)]

    def due(self, last: float, now: float) -> list[float]:
        """Return the times up to now that a job is to be enqueued for, the oldest first, `MOST_AT_ONCE` at most.

        Args:
            last: the last one that was seen to, unix seconds.
            now: unix seconds.
        """
        window = PUNCTUAL_SECONDS
        if self.catch_up != "none":
            window = max(window, self.catch_up_window_seconds)
        if self.catch_up == "all":
            return list(islice(self._between(max(last, now - window), now), MOST_AT_ONCE))
        for span in (*(span for span in _SPANS if span < window), window):  # so that few have to be passed by
            times = list(self._between(max(last, now - span), now))
            if times:
                return times[-1:]
        return []

    def explained(self) -> str:
        """Return it in English, such as "At 03:00 every day"."""
        return CronSim(self._expression, datetime.fromtimestamp(0.0, UTC)).explain()

    @property
    def _expression(self) -> str:
        return _ALIASES.get(self.cron.strip().lower(), self.cron)

    @property
    def _seconds_and_minutes(self) -> tuple[Sequence[int], str]:
        """Return at which seconds of a minute it runs, and when there is such a minute, in five fields."""
        fields = self._expression.split()
        if len(fields) != 6:
            return (0,), self._expression
        of_a_minute = CronSim(f"{fields[0]} * * * * *", datetime.fromtimestamp(-1, UTC))
        seconds = [int(at.timestamp()) for at in takewhile(lambda at: at.timestamp() < 60, of_a_minute)]
        return seconds, " ".join(fields[1:])

    def _between(self, start: float, end: float) -> Iterator[float]:
        return takewhile(lambda at: at <= end, self.after(start))


def _zone_of(name: str) -> tzinfo:
    if name == "UTC":
        return UTC  # known wherever Python is, and by cronsim to be without changes
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError, TypeError):
        why = "is no time zone known here (where the system has none at all: pip install tzdata)"
        raise InvalidCron("timezone", name, why) from None

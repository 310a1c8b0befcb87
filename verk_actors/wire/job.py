"""The job: what a client enqueues, a worker runs and a person looks at."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sized
from typing import Any, Literal, TypedDict, get_args

import attrs

from verk_actors.errors import InvalidJob

WireFormat = Literal["sidekiq", "verk"]
"""How a job is written: in Sidekiq's form (`args` is a JSON list) or Verk's (a text that holds one)."""

UniqueUntil = Literal["success", "start", "expiry"]
"""When a unique job lets the next one in: when it is done or dead, when a node takes it, or when its time is up."""

MAX_COUNT = 2**31 - 1  # more retries than can happen; keeps the curve of retries within a float
_MOST_SECONDS = 1e11  # from there on a number of seconds is a time in milliseconds, or a mistake
_QUEUE_NAME = re.compile(r"[A-Za-z0-9_.\-]{1,128}")


class JobOptions(TypedDict, total=False):
    """What a job class says of all its jobs, and a program of some: see the fields of `Job`."""

    queue: str | None
    max_retry_count: int | None
    dead: bool
    unique_for: float | None
    unique_until: UniqueUntil
    unique_token: str | None
    expires_in: float | None
    retry_for: float | None
    result_for: float | None


def _as_list(args: Any) -> list[Any]:
    """Returns the arguments as a list; refuses a text, which `list` would split into characters."""
    if not isinstance(args, list | tuple):
        raise InvalidJob("args", args, "must be a list or a tuple")
    return list(args)


def _counted(values: Sized) -> str:
    """Returns how many there are, in place of what they are."""
    return f"<{len(values)}>"


# No slots: decode fills __dict__ in one step, with what is not at its default; that is the larger half of its cost else
@attrs.frozen(kw_only=True, slots=False)
class Job:
    """One job. Times are unix seconds; None means that something hasn't happened or isn't known.

    Its repr counts `args` and `extra` and doesn't show them: they may be secrets, and what is printed ends in logs.

    Attributes:
        class_: the name its job class is registered under.
        args: the positional arguments of the run, JSON values.
        queue: its queue; the client chooses "default" if None.
        jid: its id; the client makes one if None.
        max_retry_count: how often it is run again after failing; None leaves it to the configuration.
        retry_count: how many of its runs have failed so far, in either form (Sidekiq's writes one less).
        dead: whether it is buried in the dead set when its retries are used up; False discards it then.
        unique_for: for how many seconds at most no second job with its token is enqueued; None for any number of them.
        unique_until: what lets the next one in sooner.
        unique_token: what makes two jobs the same; the client makes one of the queue, the class and the arguments.
        unlocks_at: when `unique_for` is over; the client knows.
        expires_in: how many seconds after it is enqueued, or due, its runs must have begun; later it is dropped.
        expires_at: the same as a time; the client makes it of `expires_in`.
        retry_for: for how many seconds after its first failure it is retried, if its retries last that long.
        result_for: for how many seconds what its run returns is kept for `Client.result`; None doesn't keep it.
        batch: the id of the batch it is a member of.
        cron: the name of the periodic job whose run it is.
        created_at: when the client made it.
        enqueued_at: when it came to its queue last.
        failed_at: when it failed first.
        retried_at: when it failed last, if not for the first time.
        finished_at: when it finished; written by neither peer.
        error_class: what its last failed run raised.
        error_message: the message of it.
        error_backtrace: the lines of it, most recent call first.
        extra: the keys that aren't known here, as read; a peer's options.
        wire_format: the form it was read in, and is written in.
        payload: exactly the bytes it was read from, which Redis needs to find it; None for a new job.

    Raises:
        InvalidJob: a value can't be that of a job. Correct the field it names.
    """

    class_: str
    args: list[Any] = attrs.field(converter=_as_list, repr=_counted)
    queue: str | None = None
    jid: str | None = None
    max_retry_count: int | None = None
    retry_count: int = 0
    dead: bool = True
    unique_for: float | None = None
    unique_until: UniqueUntil = "success"
    unique_token: str | None = None
    unlocks_at: float | None = None
    expires_in: float | None = None
    expires_at: float | None = None
    retry_for: float | None = None
    result_for: float | None = None
    batch: str | None = None
    cron: str | None = None
    created_at: float | None = None
    enqueued_at: float | None = None
    failed_at: float | None = None
    retried_at: float | None = None
    finished_at: float | None = None
    error_class: str | None = None
    error_message: str | None = None
    error_backtrace: tuple[str, ...] | None = None
    extra: Mapping[str, Any] = attrs.field(factory=dict, repr=_counted)
    wire_format: WireFormat = "sidekiq"
    payload: bytes | None = attrs.field(default=None, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        if not is_name(self.class_):
            raise InvalidJob("class_", self.class_, "must be a printable text that isn't blank")
        if self.jid is not None and not is_name(self.jid):
            raise InvalidJob("jid", self.jid, "must be a printable text that isn't blank")
        # The queue of a job that was read is whatever list it was found in
        if self.payload is None and self.queue is not None and not _is_queue_name(self.queue):
            raise InvalidJob("queue", self.queue, "must be 1 to 128 letters, digits or any of . _ -")
        if self.max_retry_count is not None and not _is_count(self.max_retry_count):
            raise InvalidJob("max_retry_count", self.max_retry_count, "must be None or a whole number from 0")
        if not _is_count(self.retry_count):
            raise InvalidJob("retry_count", self.retry_count, "must be a whole number from 0")
        for field in ("unique_for", "expires_in", "retry_for", "result_for"):
            if (value := getattr(self, field)) is not None and not is_seconds(value):
                raise InvalidJob(field, value, "must be None or a number of seconds above 0")
        if self.unique_until not in get_args(UniqueUntil):
            raise InvalidJob("unique_until", self.unique_until, "must be success, start or expiry")
        for field in ("unique_token", "batch", "cron"):
            if (name := getattr(self, field)) is not None and not is_name(name):
                raise InvalidJob(field, name, "must be a printable text that isn't blank")

    @classmethod
    def of_checked(cls, fields: dict[str, Any]) -> Job:
        """Returns a job that keeps a dict as its fields, but for those at their default; for who has checked them."""
        job = cls.__new__(cls)
        _set_fields(job, fields)
        return job

    @property
    def attempt(self) -> int:
        """The number of its current or next run, from 1."""
        return self.retry_count + 1


for _field in attrs.fields(Job):  # found there by a job of `of_checked`
    if not isinstance(_field.default, attrs.Factory) and _field.default is not attrs.NOTHING:  # type: ignore[arg-type]
        setattr(Job, _field.name, _field.default)
_set_fields = vars(Job)["__dict__"].__set__  # what object.__setattr__ does, in half the time


def is_name(value: object) -> bool:
    """Tells whether a value can name a class or a job: a printable text that isn't blank."""
    return isinstance(value, str) and value.isprintable() and value != "" and not value.isspace()


def is_seconds(value: object) -> bool:
    """Tells whether a value is a length of time in seconds, of less than three thousand years."""
    return type(value) in (int, float) and 0 < value < _MOST_SECONDS  # type: ignore[operator]


def _is_queue_name(value: object) -> bool:
    return isinstance(value, str) and _QUEUE_NAME.fullmatch(value) is not None


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value <= MAX_COUNT  # type, for True is no count

"""Which jobs of a set or a queue are meant, by what is in them."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

import attrs

from verk_actors.store.commands import Argument
from verk_actors.store.members import Member, member_of
from verk_actors.wire.job import Job

# Other characters may be escaped in JSON, or mean something in a pattern of Redis.
_PLAIN = re.compile(r"[A-Za-z0-9_.:-]+")


@attrs.frozen(kw_only=True)
class JobFilter:
    """Fits what has all that is given; all there is, where nothing is given.

    Bytes that are no job fit by their text alone.

    Attributes:
        jid, class_, queue: the job's are exactly these.
        error: occurs in the class or in the message of its last error, in the same case of letters.
        text: occurs somewhere in the payload, in the same case of letters, however JSON escapes it there: in arguments
            that are a text themselves (Verk's) too.
    """

    jid: str | None = None
    class_: str | None = None
    queue: str | None = None
    error: str | None = None
    text: str | None = None
    _words: list[bytes] = attrs.field(init=False, eq=False, repr=False)
    _queue_words: list[bytes] = attrs.field(init=False, eq=False, repr=False)
    _texts: list[tuple[bytes, ...]] = attrs.field(init=False, eq=False, repr=False)

    @_words.default
    def _words_of(self) -> list[bytes]:
        return _plain(self.jid, self.class_)

    @_queue_words.default
    def _queue_words_of(self) -> list[bytes]:
        return _plain(self.queue)

    @_texts.default
    def _texts_of(self) -> list[tuple[bytes, ...]]:
        return [_forms(text) for text in (self.text, self.error) if text is not None]

    def found_in(self, payload: bytes, queue: str | None = None) -> Member | None:
        """Returns what a payload holds if it fits, else None.

        Args:
            payload: the bytes as read from Redis.
            queue: the queue it was found in, which wins over the one it names.
        """
        for word in self._words if queue else (*self._words, *self._queue_words):
            if word not in payload:
                return None
        for forms in self._texts:
            if not _has_one_of(forms, payload):
                return None
        member = member_of(payload, queue)
        return member if self._fits(member) else None

    def match(self) -> Sequence[Argument]:
        """Returns what has Redis leave out most of what does not fit, as words of a ZSCAN."""
        words = _plain(self.jid, self.class_, self.queue, self.error, self.text)
        return ("MATCH", b"*%b*" % max(words, key=len)) if words else ()

    def _fits(self, member: Member) -> bool:
        if (self.jid, self.class_, self.queue, self.error) == (None, None, None, None):
            return True
        return (
            isinstance(member, Job)
            and self._has_error(member)
            and all(
                wanted is None or wanted == found
                for wanted, found in ((self.jid, member.jid), (self.class_, member.class_), (self.queue, member.queue))
            )
        )

    def _has_error(self, job: Job) -> bool:
        if self.error is None:
            return True
        return any(self.error in told for told in (job.error_class, job.error_message) if told is not None)


def _plain(*words: str | None) -> list[bytes]:
    """Returns those that are written in JSON as they are."""
    return [word.encode() for word in words if word is not None and _PLAIN.fullmatch(word)]


def _has_one_of(forms: tuple[bytes, ...], payload: bytes) -> bool:
    for form in forms:  # noqa: SIM110  `any` takes as long again, and this is done to each of a hundred thousand
        if form in payload:
            return True
    return False


def _forms(text: str) -> tuple[bytes, ...]:
    """Returns how a text may be written: as it is, escaped, escaped within a text, with or without its letters."""
    once = (_escaped(text, ascii_only=False), _escaped(text, ascii_only=True))
    twice = (_escaped(once[0], ascii_only=False), *(_escaped(one, ascii_only=True) for one in once))
    forms = (text, *once, *twice)
    slashed = (form.replace("/", r"\/") for form in forms)  # as cjson writes it, with which Verk moves jobs
    return tuple(dict.fromkeys(form.encode("utf-8", "surrogatepass") for form in (*forms, *slashed)))


def _escaped(text: str, *, ascii_only: bool) -> str:
    return json.dumps(text, ensure_ascii=ascii_only)[1:-1]


ALL_JOBS = JobFilter()

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
        text: occurs somewhere in the payload, in the same case of letters.
    """

    jid: str | None = None
    class_: str | None = None
    queue: str | None = None
    text: str | None = None

    def found_in(self, payload: bytes, queue: str | None = None) -> Member | None:
        """Returns what a payload holds if it fits, else None.

        Args:
            payload: the bytes as read from Redis.
            queue: the queue it was found in, which wins over the one it names.
        """
        words = _plain(self.jid, self.class_, None if queue else self.queue)
        if not all(word in payload for word in words) or not self._has_text(payload):
            return None
        member = member_of(payload, queue)
        return member if self._fits(member) else None

    def match(self) -> Sequence[Argument]:
        """Returns what has Redis leave out most of what does not fit, as words of a ZSCAN."""
        words = _plain(self.jid, self.class_, self.queue, self.text)
        return ("MATCH", b"*%b*" % max(words, key=len)) if words else ()

    def _has_text(self, payload: bytes) -> bool:
        if self.text is None:
            return True
        escaped = json.dumps(self.text)[1:-1]  # as Python writes it; most others leave letters as they are
        return self.text.encode("utf-8", "surrogatepass") in payload or escaped.encode() in payload

    def _fits(self, member: Member) -> bool:
        if (self.jid, self.class_, self.queue) == (None, None, None):
            return True
        return isinstance(member, Job) and all(
            wanted is None or wanted == found
            for wanted, found in ((self.jid, member.jid), (self.class_, member.class_), (self.queue, member.queue))
        )


ALL_JOBS = JobFilter()


def _plain(*words: str | None) -> list[bytes]:
    """Returns those that are written in JSON as they are."""
    return [word.encode() for word in words if word is not None and _PLAIN.fullmatch(word)]

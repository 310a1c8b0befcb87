"""Short names for members of a set, for forms and addresses, which hold neither the payload nor what it tells."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b

from verk_actors.errors import VerkError, shown
from verk_actors.store.commands import Commands
from verk_actors.store.members import Member, payload_of
from verk_actors.store.set_walk import pages

_DIGEST_BYTES = 10


class InvalidHandle(VerkError):
    """Raised when a text is no handle."""

    def __init__(self, handle: str) -> None:
        super().__init__(handle)
        self.handle = handle

    def __str__(self) -> str:
        return f"{shown(self.handle)} is no handle of a job in a set"


def handle_of(member: Member | bytes, score: float) -> str:
    """Returns the handle of a member: its time, and a digest of its bytes."""
    return f"{score!r}-{_digest(payload_of(member))}"


def payloads_of(servers: Sequence[Commands], key: str, handles: Iterable[str]) -> list[bytes]:
    """Returns those of the members with these handles that are still there. ZRANGE BYSCORE, all of their times.

    Raises:
        InvalidHandle: one of them is none.
    """
    wanted: dict[float, set[str]] = defaultdict(set)
    for handle in handles:
        score, digest = _parts(handle)
        wanted[score].add(digest)
    return [
        payload
        for server in servers
        for score, digests in wanted.items()
        for payload in _found(server, key, score, digests)
    ]


def _found(server: Commands, key: str, score: float, digests: set[str]) -> Iterator[bytes]:
    left = set(digests)
    for page in pages(server, key, (score, 0)):
        for at, payload in page:
            if at != score or not left:
                return
            digest = _digest(payload)
            if digest in left:
                left.remove(digest)
                yield payload


def _parts(handle: str) -> tuple[float, str]:
    time, _, digest = handle.rpartition("-")
    try:
        score = float(time)
    except ValueError:
        raise InvalidHandle(handle) from None
    if math.isnan(score):
        raise InvalidHandle(handle)
    return score, digest


def _digest(payload: bytes) -> str:
    return blake2b(payload, digest_size=_DIGEST_BYTES).hexdigest()

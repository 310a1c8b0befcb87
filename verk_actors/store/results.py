"""What runs have set or returned, as it is kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from verk_actors.errors import StoreError, StoreUnavailable
from verk_actors.store.commands import Commands
from verk_actors.wire.keys import Keys
from verk_actors.wire.results import problem_document

_MOST_PER_CALL = 1000


def documents_of(commands: Commands, keys: Keys, jids: Iterable[str]) -> Mapping[str, bytes | None]:
    """Returns what is kept of each of these jobs, None where nothing is. MGET, once for a thousand of them.

    What Redis refuses to show is a result that says so, and keeps no job from running.

    Raises:
        StoreUnavailable: Redis can't be reached.
    """
    wanted = list(dict.fromkeys(jids))
    documents: dict[str, bytes | None] = {}
    for at in range(0, len(wanted), _MOST_PER_CALL):
        part = wanted[at : at + _MOST_PER_CALL]
        try:
            found = commands.call("MGET", *map(keys.result, part))
        except StoreUnavailable:
            raise
        except StoreError as error:
            found = [problem_document(f"it can't be read: {error.why}")] * len(part)
        documents.update(zip(part, found, strict=True))
    return documents

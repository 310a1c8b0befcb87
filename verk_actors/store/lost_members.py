"""Members that a batch waits for, and that are nowhere: another program ran or removed them, and told no batch.

Sidekiq and Verk do where they share the Redis, and so does whoever removes a key by hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import attrs

from verk_actors.store.batch_making import nested_in
from verk_actors.store.commands import Commands
from verk_actors.store.effects import MEMBERS_MARK
from verk_actors.store.limit_book import limited_ids
from verk_actors.store.nodes import Nodes
from verk_actors.store.replies import name_of
from verk_actors.store.set_pages import pages_of
from verk_actors.wire import options
from verk_actors.wire.keys import Keys

_PAGE = 1000


@attrs.frozen(order=True)
class LostMember:
    """A job that a batch waits for in vain.

    Attributes:
        bid: the batch, which may be one within the one that was asked for.
        jid: the job.
    """

    bid: str
    jid: str


def lost_members(commands: Commands, keys: Keys, bids: Iterable[str]) -> list[LostMember]:
    """Returns the members that these batches, and those within them, wait for, and that neither wait nor run.

    Looks through all queues, sets and jobs in progress, twice, as a job may move meanwhile. LRANGE, ZSCAN, O(n).
    """
    lost = set(_pending(commands, keys, bids))
    for _ in range(2):
        if lost:
            lost -= set(_members_anywhere(commands, keys))
            lost &= set(_pending(commands, keys, bids))
    return sorted(lost)


def _pending(commands: Commands, keys: Keys, bids: Iterable[str]) -> Iterator[LostMember]:
    left = list(bids)
    while left:
        bid = left.pop()
        for member in commands.call("SMEMBERS", keys.batch_pending(bid)):
            nested = nested_in(member)
            if nested is None:
                yield LostMember(bid, name_of(member))
            else:
                left.append(nested)


def _members_anywhere(commands: Commands, keys: Keys) -> Iterator[LostMember]:
    for payload in _payloads_anywhere(commands, keys):
        if MEMBERS_MARK in payload:
            yield LostMember(*options.membership(payload))


def _payloads_anywhere(commands: Commands, keys: Keys) -> Iterator[bytes]:
    """Yields what waits, and then what is in progress: most jobs move that way."""
    lists, sets = places_of_jobs(commands, keys)
    for key in sets:
        for page in pages_of(commands, key):
            yield from (payload for payload, _ in page)
    for key in lists:
        start = 0
        while page := commands.call("LRANGE", key, start, start + _PAGE - 1):
            yield from page
            start += len(page)


def places_of_jobs(commands: Commands, keys: Keys) -> tuple[list[str], list[str]]:
    """Returns the lists and the sorted sets that jobs are in, which wait or run. SMEMBERS, ZRANGE."""
    nodes = Nodes(commands, keys)
    lists = [keys.queue(name_of(queue)) for queue in commands.call("SMEMBERS", keys.queues)]
    lists += [keys.in_progress(queue, node) for node in nodes.members() for queue in nodes.queues(node)]
    return lists, [keys.schedule, keys.retry, *map(keys.waiting, limited_ids(commands, keys))]

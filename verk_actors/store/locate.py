"""Where the server is that a URL means, now: known from the URL, or asked for at each new connection.

Sentinels know which server is the primary, the servers of a cluster which of them owns a slot. What they say may
be out of date by the time it is used, so the server found is asked too: only the one that takes writes will do.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from redis.crc import key_slot
from redis.exceptions import ReadOnlyError, RedisError, ResponseError

from verk_actors import embedded
from verk_actors.errors import ConfigError
from verk_actors.settings.redis_seeds import Address, Seeds
from verk_actors.settings.redis_url import RedisUrl
from verk_actors.store.link import Link, ask, open_link
from verk_actors.store.refusals import words_of

_SEED_TIMEOUT_SECONDS = 2.0
_MOVED = re.compile(r"MOVED [0-9]+ (?P<host>.*):(?P<port>[0-9]+)")


class NotFound(RedisError):
    """Raised when nobody who was asked knows the server."""


class Locator:
    """Opens links to the server that a URL names. One thread at a time."""

    def __init__(self, url: RedisUrl) -> None:
        self._url = url

    def open(self, opening: Callable[[Link], object], **options: Any) -> Link:
        """Returns a connected link to the server.

        Args:
            opening: told of each link before it is connected, those to the seeds too.
            options: for redis-py's connection class.

        Raises:
            redis.RedisError, OSError, EmbeddedServerError: it can't be reached, or nobody knows where it is.
        """
        directory = self._url.embedded_directory
        url = self._url.value if directory is None else embedded.ensure(directory).url
        return open_link(url, opening=opening, **options)

    def confirm(self, link: Link) -> None:
        """Sees to it that a link leads to the server that the URL means now, by asking that server.

        Raises:
            redis.RedisError: it does not, or doesn't answer: it is to be closed.
        """

    def has_moved(self) -> bool:
        """Returns whether another server is meant since `open`, as far as is known. No round trip if nothing came."""
        return False

    def follow(self, error: RedisError) -> bool:
        """Returns whether an error says that the keys are elsewhere; then `open` leads there."""
        return False

    def close(self) -> None:
        """Closes what `has_moved` needs."""


class _Seeded(Locator):
    """Asks the seeds, one after the other, first the one that knew the last time."""

    def __init__(self, url: RedisUrl, seeds: Seeds) -> None:
        super().__init__(url)
        self._seeds = seeds
        self._known = list(seeds.addresses)
        self._server: Address | None = None
        self._opening: Callable[[Link], object] = bool

    def open(self, opening: Callable[[Link], object], **options: Any) -> Link:
        self.close()
        self._opening = opening
        link: Link | None = None
        try:
            self._server = self._found()
            link = open_link(self._seeds.server_url(self._server), opening=opening, **options)
            self.confirm(link)
        except BaseException:
            self.close()
            if link is not None:
                link.disconnect()
            raise
        return link

    def _found(self) -> Address:
        failures = []
        for seed in tuple(self._known):
            try:
                found = self._asked(seed)
            except (RedisError, OSError) as error:
                failures.append(f"{seed[0]}:{seed[1]} says: {error}")
                continue
            self._prefer(seed)
            return found
        raise NotFound(f"nobody knows where the server is; {'; '.join(failures)}")

    def _asked(self, seed: Address) -> Address:
        """Returns where the server is, as one seed has it."""
        raise NotImplementedError

    def _answer(self, seed: Address, *question: str) -> Any:
        link = self._open_seed(seed)
        try:
            return ask(link, *question)
        finally:
            link.disconnect()

    def _open_seed(self, seed: Address) -> Link:
        return open_link(self._seeds.seed_url(seed), opening=self._opening, socket_timeout=_SEED_TIMEOUT_SECONDS)

    def _prefer(self, seed: Address) -> None:
        self._known = [seed, *(known for known in self._known if known != seed)]


class _Sentinels(_Seeded):
    """Finds the primary. SUBSCRIBE, SENTINEL GET-MASTER-ADDR-BY-NAME; ROLE at the server.

    After a planned failover the old primary takes writes for some 10 s more, which are lost. So a second link listens
    to the Sentinel for a switch; it is looked at before each command.
    """

    _news: Link | None = None

    def confirm(self, link: Link) -> None:
        role = ask(link, "ROLE")[0]
        if role != b"master":
            raise ReadOnlyError(f"the server is a {role.decode()} now")

    def has_moved(self) -> bool:
        if self._news is None or not _has_news(self._news):
            return False
        self.close()
        try:
            return self._found() != self._server  # it may be the switch of another service, or the Sentinel's end
        except NotFound:
            return False  # without Sentinels, what there is will do until it fails

    def close(self) -> None:
        news, self._news = self._news, None
        if news is not None:
            news.disconnect()

    def _asked(self, seed: Address) -> Address:
        self._news = self._open_seed(seed)
        try:
            ask(self._news, "SUBSCRIBE", "+switch-master")  # before the question, so that no switch is missed
            found = self._answer(seed, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", self._seeds.service)
            if found is None:
                raise NotFound(f"it watches no {self._seeds.service}")
        except BaseException:
            self.close()
            raise
        return found[0].decode(), int(found[1])


class _Cluster(_Seeded):
    """Finds the owner of the slot that all keys of a namespace are in. CLUSTER SLOTS; EXISTS at the server."""

    def __init__(self, url: RedisUrl, seeds: Seeds) -> None:
        super().__init__(url, seeds)
        if url.hash_tag is None:
            raise ConfigError("redis_url", str(url), "a cluster's within a namespace that has a hash tag")
        self._key = f"{{{url.hash_tag}}}"  # in the slot, whether or not it exists
        self._slot = key_slot(self._key.encode())

    def open(self, opening: Callable[[Link], object], **options: Any) -> Link:
        try:
            return super().open(opening, **options)
        except ResponseError as error:
            if not self.follow(error):
                raise
            return super().open(opening, **options)  # who was asked had not heard of the move

    def confirm(self, link: Link) -> None:
        try:
            ask(link, "EXISTS", self._key)
        except ResponseError as error:
            if not words_of(error).startswith("ASK "):  # or else it is the owner still, and hands over key by key
                raise

    def follow(self, error: RedisError) -> bool:
        moved = _MOVED.fullmatch(words_of(error))
        if moved is None:
            return False
        if moved["host"]:  # empty where the server does not know its own name
            self._prefer((moved["host"], int(moved["port"])))
        return True

    def _asked(self, seed: Address) -> Address:
        for first, last, (host, port, *_), *_replicas in self._answer(seed, "CLUSTER", "SLOTS"):
            if first <= self._slot <= last:
                return host.decode() if host else seed[0], int(port)
        raise NotFound(f"nobody owns slot {self._slot}")


def _has_news(link: Link) -> bool:
    try:
        return link.can_read(0)
    except (RedisError, OSError):
        return True


def locator_of(url: RedisUrl) -> Locator:
    """Returns the locator for a URL.

    Raises:
        ConfigError: it is a cluster's, and nothing is said of a hash tag (`RedisUrl.within`).
    """
    if url.seeds is None:
        return Locator(url)
    return (_Cluster if url.seeds.kind == "cluster" else _Sentinels)(url, url.seeds)

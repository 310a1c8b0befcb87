"""What the errors of redis-py mean to the floors above: one of two errors of this package.

The question that matters is whether a command may have been done, and whether another try may help.
"""

from __future__ import annotations

import re

from redis import exceptions

from verk_actors.errors import StoreError, StoreUnavailable

# Refusals that pass: the server starts, fails over, hands keys over, is busy or can't save; it did nothing.
_PASSING = re.compile(
    r"(?:ASK|BUSY|CLUSTERDOWN|LOADING|MASTERDOWN|MISCONF|MOVED|NOREPLICAS|NOSCRIPT|READONLY|TRYAGAIN|UNBLOCKED)\b"
)
# What Redis 6.2 puts before the error of a command that a script called.
_PLACE_IN_SCRIPT = re.compile(r".*@user_script: ?\d+: -?")
# redis-py takes these first words off the text of their errors; they are what people look for.
_WORDS = {
    exceptions.OutOfMemoryError: "OOM",
    exceptions.NoPermissionError: "NOPERM",
    exceptions.NoScriptError: "NOSCRIPT",
    exceptions.ReadOnlyError: "READONLY",
    exceptions.MasterDownError: "MASTERDOWN",
    exceptions.ClusterDownError: "CLUSTERDOWN",
    exceptions.TryAgainError: "TRYAGAIN",
    exceptions.AskError: "ASK",
    exceptions.MovedError: "MOVED",
}
# Answers of the server, too, though redis-py makes connection errors of them: nothing was done.
_ANSWERS = (exceptions.BusyLoadingError, exceptions.AuthenticationError)


def error_of(error: exceptions.RedisError, operation: str, key: str, *, sent: bool) -> StoreError:
    """Returns the error of this package for one of redis-py.

    Args:
        error: what redis-py raised.
        operation: the command or the script.
        key: the key it was about; empty for none.
        sent: whether the command was on its way when the error came.
    """
    why = words_of(error)
    if isinstance(error, exceptions.ResponseError):
        return refusal_of(why, operation, key)
    if isinstance(error, exceptions.DataError):
        return StoreError(operation, key, why)
    return StoreUnavailable(operation, key, why, sent=sent and not isinstance(error, _ANSWERS))


def words_of(error: exceptions.RedisError) -> str:
    """Returns the words of an error, that of the server as it was sent: each redis-py makes other classes of them."""
    word, why = _WORDS.get(type(error)), str(error) or type(error).__name__
    return f"{word} {why}" if word else why


def refusal_of(why: str, operation: str, key: str) -> StoreError:
    """Returns the error for a refusal by the server, told by its text: `StoreUnavailable` if it will pass."""
    why = plain(why)
    return (StoreUnavailable if _PASSING.match(why) else StoreError)(operation, key, why)


def plain(why: str) -> str:
    """Returns the text of a refusal such that it begins with the word that people look for, in every Redis."""
    return _PLACE_IN_SCRIPT.sub("", why).rstrip()

"""What the errors of redis-py mean to the floors above: one of two errors of this package.

The questions that matter: whether a command may have been done, whether another try may help, and who can help.
"""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

from redis import exceptions

from verk_actors.errors import StoreError, StoreUnavailable

Trouble: TypeAlias = Literal["away", "denied", "full", "refused"]

# Refusals that pass: the server starts, fails over, hands keys over, is busy or can't save; it did nothing.
_PASSING = re.compile(
    r"(?:ASK|BUSY|CLUSTERDOWN|LOADING|MASTERDOWN|MISCONF|MOVED|NOREPLICAS|NOSCRIPT|READONLY|TRYAGAIN|UNBLOCKED)\b"
)
_DENIED = re.compile(r"(?:NOAUTH|NOPERM|WRONGPASS)\b")
# What Redis 6.2 puts before the error of a command that a script called.
_PLACE_IN_SCRIPT = re.compile(r".*@user_script: ?\d+: -?")
# What comes in place of NOPERM where a script was denied a command or a key: by Redis up to 7.0, and since.
_DENIED_IN_SCRIPT = re.compile(r"^(?:ERR |NOPERM )?(The user executing the script|ACL failure in script)")
# redis-py takes these first words off the text of their errors; they are what people look for.
_WORDS = {
    exceptions.OutOfMemoryError: "OOM",
    exceptions.NoPermissionError: "NOPERM",
    exceptions.NoScriptError: "NOSCRIPT",
    exceptions.ReadOnlyError: "READONLY",
    exceptions.MasterDownError: "MASTERDOWN",
    exceptions.ClusterDownError: "CLUSTERDOWN",
    exceptions.TryAgainError: "TRYAGAIN",
    exceptions.BusyLoadingError: "LOADING",
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
    why = str(error)
    if isinstance(error, exceptions.AuthenticationError):
        return f"{'NOAUTH' if 'required' in why else 'WRONGPASS'} {why}"
    word = _WORDS.get(type(error))
    return f"{word} {why}" if word else why or type(error).__name__


def refusal_of(why: str, operation: str, key: str) -> StoreError:
    """Returns the error for a refusal by the server, told by its text: `StoreUnavailable` if it will pass."""
    why = plain(why)
    return (StoreUnavailable if _PASSING.match(why) else StoreError)(operation, key, why)


def trouble_of(error: StoreError) -> Trouble:
    """Returns what kind of trouble an error tells of.

    `denied`: the server does not know this user, or the user may not do this: an administrator has to act.
    `full`: the server has no memory to spare. `away`: it can't be reached or isn't ready, which passes.
    `refused`: anything else, such as a key that holds something of another type.
    """
    if _DENIED.match(error.why):
        return "denied"
    if error.why.startswith("OOM"):
        return "full"
    return "away" if isinstance(error, StoreUnavailable) else "refused"


def plain(why: str) -> str:
    """Returns the text of a refusal such that it begins with the word that people look for, in every Redis."""
    return _DENIED_IN_SCRIPT.sub(r"NOPERM \1", _PLACE_IN_SCRIPT.sub("", why).rstrip())

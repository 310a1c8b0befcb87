"""The ids of jobs, as Sidekiq makes them."""

from __future__ import annotations

import os


def new_jid() -> str:
    """Returns a new job id: 24 random hexadecimal digits.

    Source: Sidekiq lib/sidekiq/client.rb, SecureRandom.hex(12)
    """
    return os.urandom(12).hex()


def new_jids(count: int) -> list[str]:
    """Returns so many of them, from one request to the system's source of randomness."""
    digits = os.urandom(12 * count).hex()
    return [digits[start : start + 24] for start in range(0, 24 * count, 24)]

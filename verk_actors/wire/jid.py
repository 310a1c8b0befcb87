"""The ids of jobs, as Sidekiq makes them."""

from __future__ import annotations

import secrets


def new_jid() -> str:
    """Returns a new job id: 24 random hexadecimal digits.

    Source: Sidekiq lib/sidekiq/client.rb, SecureRandom.hex(12)
    """
    return secrets.token_hex(12)

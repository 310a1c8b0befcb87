"""The answer to a scrape."""

from __future__ import annotations

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector


def exposition(accept: str, *collectors: Collector) -> tuple[bytes, str]:
    """Return what these collect, as text, and its content type.

    Args:
        accept: the request's header `Accept`, by which the form is chosen; empty for none.
    """
    registry = CollectorRegistry()
    for collector in collectors:
        registry.register(collector)
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type

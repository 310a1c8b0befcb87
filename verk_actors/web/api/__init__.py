"""The JSON API, below `/api/v1`: what the pages show, and what they do."""

from verk_actors.web.api import prometheus, stats

MODULES = (prometheus, stats)
"""Each with its `routes`."""

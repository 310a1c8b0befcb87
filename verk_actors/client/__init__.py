"""What programs that make jobs use: enqueue, schedule, look. Starts no thread and needs no ActorSystem."""

from verk_actors.client.client import Client

__all__ = ["Client"]

"""What programs that make jobs use: enqueue, schedule, look. Starts no thread and needs no ActorSystem."""

from verk_actors.client.client import Client, OnConflict
from verk_actors.client.preparing import Scheduled

__all__ = ["Client", "OnConflict", "Scheduled"]

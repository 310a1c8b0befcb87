"""What ties verk_actors to frameworks; each package needs its framework, and nothing else does."""

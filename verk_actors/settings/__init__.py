"""What a node or a client is told before it starts: each setting, what it may be, and where it comes from."""

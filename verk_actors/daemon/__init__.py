"""What a process needs that runs until it is told to end: signals as values, systemd, actors beside the main thread."""

"""What is in Redis, in numbers: read through a client, for the command line, the dashboard and its API alike."""

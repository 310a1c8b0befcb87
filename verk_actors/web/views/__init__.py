"""What pages show and the API tells, as attrs classes, and the functions that read it through a `Client`."""

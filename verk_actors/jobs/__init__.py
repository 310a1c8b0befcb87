"""Jobs in code: what users write, by which name it is found, and one run of it with all that is told of it."""

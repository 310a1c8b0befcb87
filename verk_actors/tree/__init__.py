"""The supervision tree: a folder is a supervisor, a file in it a child."""

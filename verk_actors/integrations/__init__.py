"""Listeners that hand on what happens to jobs, to metrics and error trackers; import the one you want."""

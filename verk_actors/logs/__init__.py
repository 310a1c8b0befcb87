"""The lines of the log: what is said of jobs, in which form, and by which handler."""

"""Several nodes on one machine, each a process, under a supervisor of their own: what `verk run --processes` runs."""

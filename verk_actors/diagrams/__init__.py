"""Draws the system from the system itself: `python -m verk_actors.diagrams DIRECTORY` writes diagrams/.

A node is started on a server of its own; its tree is drawn as it stands, and two jobs are followed through it. The
other two diagrams come from `wire/keys.py` and from the imports. Text only, so that a change shows in a diff.
"""

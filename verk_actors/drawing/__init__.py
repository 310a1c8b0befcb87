"""Draws supervision trees, as text and as SVG; pure."""

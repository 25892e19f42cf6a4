"""Debugging: what is left behind when a pass fails."""

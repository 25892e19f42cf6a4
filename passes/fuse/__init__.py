"""Passes that make one node of several, to the accuracy that they declare."""

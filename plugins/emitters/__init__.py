"""Emitters: the IR to files."""

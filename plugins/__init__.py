"""Bridges to formats and runtimes."""

"""Runtimes: what executes models."""

"""Optimizers of others as passes: run in a process of their own, checked like any pass."""

"""Analyses and facts of models."""

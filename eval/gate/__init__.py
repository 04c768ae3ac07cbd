"""Compares runs, and fails on a regression against a baseline."""

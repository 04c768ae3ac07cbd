"""Timings against yardsticks; part of the repository, not of the wheel."""

"""Metrics of one answered question, and statistics over many."""

"""Formats: bytes of a file to its text, a module per family."""

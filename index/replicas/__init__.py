"""Copies of an index for other machines: published at an address, and followed from it."""

"""Readers of file formats: bytes to text with headings, pages, tables and notes."""

"""Summaries without an LLM: central sentences of a document, a section, or the whole folder."""

"""Proposes gold questions from documents, an LLM or feedback."""

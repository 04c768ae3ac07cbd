"""Composers: drafts of answers, quoted from the documents or written by an LLM."""

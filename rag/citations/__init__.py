"""Citations: markers read from an LLM's text, quotes found for statements, labels written."""

"""An LLM rates answers."""

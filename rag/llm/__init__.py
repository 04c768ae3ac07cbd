"""LLMs: providers, prompts, errors, and sanitising of what they write."""

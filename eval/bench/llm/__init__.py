"""A test bench with a real model: what an LLM's answers are worth, beside stock llama-index."""

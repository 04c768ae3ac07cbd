"""The HTTP interface: JSON API, OpenAI-compatible API, MCP, and the middleware before them."""

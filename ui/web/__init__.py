"""Pages of the web, fetched by rules and kept as files."""

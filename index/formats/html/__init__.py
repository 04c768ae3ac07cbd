"""Pages to text: what a reader sees, main content, lists and tables."""

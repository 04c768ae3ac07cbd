"""What grows: a million passages, many collections, many servers."""

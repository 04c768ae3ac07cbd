"""The SQLite catalog: the source of truth for documents, passages and vectors."""

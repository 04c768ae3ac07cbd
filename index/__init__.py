"""The index: documents to passages, kept in a catalog and searched by meaning and by words."""

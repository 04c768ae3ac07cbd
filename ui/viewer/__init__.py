"""HTML pages of documents, with the quoted words marked."""

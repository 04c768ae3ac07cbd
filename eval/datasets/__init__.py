"""Gold sets and corpora, read into one form."""

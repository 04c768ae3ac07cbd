"""Text analysis: splitting into passages, tokens, stopwords, languages."""

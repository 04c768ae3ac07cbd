"""Follow-ups of a conversation, condensed to stand-alone queries."""

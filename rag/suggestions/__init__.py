"""Questions that a document answers, proposed by rules for the chat page and for gold sets."""

"""What kind of thing a question asks for, and replies that need no document."""

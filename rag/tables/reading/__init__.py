"""What a question over tables says, and the words that a table has for it."""

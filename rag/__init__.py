"""From a question to an answer whose every statement cites the words it rests on."""

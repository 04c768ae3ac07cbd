"""What the doors take: how much in one request, and by which names they are called."""

QUESTION_CHARACTERS = 4_000
HISTORY_TURNS = 20
HISTORY_CHARACTERS = 32_000
SEARCH_PASSAGES = 50
BODY_BYTES = 1_000_000
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")  # as they stand in a request's Host header

"""Conversations: what is searched for after earlier turns, and whether topics stay apart."""

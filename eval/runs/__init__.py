"""Asks gold questions, and keeps what came back."""

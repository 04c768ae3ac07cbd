"""Formats that hold other files: mail, books, and the zip containers of many."""

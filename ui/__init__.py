"""The interfaces: command line, HTTP APIs and chat page."""

"""The doors: terminal, HTTP and chat page."""

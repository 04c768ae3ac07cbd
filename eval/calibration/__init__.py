"""The refusal threshold, fitted on a gold set."""

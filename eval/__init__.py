"""Scores answers against gold questions: the commands of `footnote eval`."""

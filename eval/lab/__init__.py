"""How Footnote's own constants were chosen; part of the repository, not of the wheel."""

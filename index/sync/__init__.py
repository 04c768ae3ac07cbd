"""Bringing the index in line with a folder: walk, plan, parse, embed, commit, repair."""

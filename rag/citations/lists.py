"""Lists in an LLM's reply: which item a line is in, and the marks of the items that are kept."""

from __future__ import annotations

import re

from rag.types import Item

_MARK = re.compile(r"[ \t]*(?:>[ \t]+)*(?P<mark>[-*+•]|\d{1,3}[.)])[ \t]+(?=.*[^\W_])")
_HEADING = re.compile(r"[ \t]*#{1,6}[ \t]")
# Models indent nested items by two to four columns, whatever the width of the mark above.
_NESTED_INDENT = 2
_TAB = 4
# Readers of Markdown stop at some depth: markdown-it drops what is ten lists deep.
_MAX_DEPTH = 6


class ListReader:
    """Reads the lines of a reply in order and finds the list item of each."""

    def __init__(self) -> None:
        self._count = 0
        self._open: list[tuple[int, Item]] = []  # with the column of the mark
        self._numbered: dict[int, tuple[int, Item]] = {}  # by depth, with the number as written

    def item(self, line: str, after_blank: bool) -> Item | None:
        """The item that a line begins or goes on with; as in Markdown, a line that is not parted
        by a blank one, or is indented, goes on.
        """
        written = line.expandtabs(_TAB)
        indent = len(written) - len(written.lstrip())
        found = _MARK.match(line)
        if found and self.content_number(line) is None:
            return self._begin(found["mark"].replace("•", "-"), indent)
        if _HEADING.match(line):
            self._open.clear()
        elif after_blank:
            self._leave(indent)
        return self._open[-1][1] if self._open else None

    def content_number(self, line: str) -> int | None:
        """The index of a number that opens a line as part of its text ("12. Mai 2024"), or None.

        A list counts from 0 or 1: any other number than the next says something, to be checked.
        """
        found = _MARK.match(line)
        if not found or not found["mark"][:-1]:
            return None
        number = int(found["mark"][:-1])
        counts = number <= 1 or number - 1 in {last for last, _ in self._numbered.values()}
        return None if counts else found.start("mark")

    def is_empty_item(self, line: str) -> bool:
        """Whether a line is the next item's number without words: a reply may break off there.

        It counts all the same.
        """
        for depth, (last, item) in self._numbered.items():
            if line.strip() in (f"{last + 1}.", f"{last + 1})"):
                self._numbered[depth] = (last + 1, item)
                return True
        return False

    def _begin(self, mark: str, indent: int) -> Item:
        before = self._leave(indent)
        depth, number = len(self._open), int(mark[:-1] or -1)
        if before is None or _kind(before.mark) != _kind(mark):
            last, before = self._numbered.get(depth, (number, None))
            before = before if number == last + 1 else None
        path = (*(item.path[-1] for _, item in self._open), self._count)
        item = Item(path, before.head, before.mark) if before else Item(path, self._count, mark)
        self._count += 1
        self._open.append((indent, item))
        if number >= 0:
            self._numbered[depth] = (number, item)
        return item

    def _leave(self, indent: int) -> Item | None:
        """Close the items that a line with this indentation is not in; the outermost of them."""
        left = None
        while self._open and (
            indent < self._open[-1][0] + _NESTED_INDENT or len(self._open) == _MAX_DEPTH
        ):
            left = self._open.pop()[1]
        return left


def _kind(mark: str) -> str:
    """Items of one kind, side by side, are one list: bullets, or numbers with the same sign."""
    return mark[-1] if len(mark) > 1 else ""


class ListWriter:
    """Writes the marks of the items that are kept. Numbers follow one another without a gap.

    They have to: Markdown counts on from a list's first number, whatever the others are.
    """

    def __init__(self) -> None:
        self._open: list[tuple[int, str]] = []  # items by their number, with the mark as written
        self._next: dict[int, int] = {}  # by list

    def end(self) -> None:
        """A heading or a line of its own stands here: what follows begins a list of its own."""
        self._open.clear()

    def before(self, item: Item | None, space: str) -> str:
        """The prefix of a statement of this item: the white space, with indentation at a
        line's start, and a mark if it is the item's first.

        What was nested in an item that is not written moves up to its place.
        """
        path, beside = item.path if item else (), ""
        while self._open and self._open[-1][0] not in path:
            beside = self._open.pop()[1]
        indent = " " * sum(len(mark) + 1 for _, mark in self._open)
        if item is None or (self._open and self._open[-1][0] == path[-1]):
            return space + indent if "\n" in space else space
        mark = self._numbered(item, beside) if item.numbered else item.mark
        if self._open and not beside and int(mark[:-1] or 1) != 1:
            # Otherwise Markdown takes the line for one of the item above.
            space = wider_space(space, "\n\n")
        self._open.append((path[-1], mark))
        return f"{space}{indent}{mark} "

    def _numbered(self, item: Item, beside: str) -> str:
        """The mark of a numbered item right below another, whose mark is `beside`, if any."""
        sign = item.mark[-1]
        number = self._next.get(item.head, int(item.mark[:-1]))
        if beside[-1:] == sign:  # what parted two lists may have been left out
            number = int(beside[:-1]) + 1
        self._next[item.head] = number + 1
        return f"{number}{sign}"


def wider_space(one: str, other: str) -> str:
    """Of two white spaces the one with more line ends; the first if they have as many."""
    return max(one, other, key=lambda space: (space.count("\n"), len(space)))

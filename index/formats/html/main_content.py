"""The main content of a page that is part of a site, without what stands around it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from index.formats.base import TextBlock

if TYPE_CHECKING:
    from lxml.html import HtmlElement

# Of a shorter page trafilatura makes one paragraph, with what stands around the content.
_SHORT = 1000
# What sites put around their content, by role, and by class or id.
_SITE_PARTS = (
    "//nav|//*[@role='navigation' or @role='banner' or @role='contentinfo' or @role='search']"
    "|//*[re:test(concat(@class, ' ', @id),"
    r" '(^|[\s_-])(nav|navbar|navigation|menu|sidebar|breadcrumbs?|masthead|cookies?)($|[\s_-])',"
    " 'i')]"
)
_REGEXP = {"re": "http://exslt.org/regular-expressions"}
_WORD = re.compile(r"\w+")
# Blocks are known again by so many words in a row; those of fewer do not tell where content starts.
_TELLING_WORDS = 5
_HELD_SHARE = 0.25


def is_of_site(tree: HtmlElement) -> bool:
    """Whether a page has navigation or the like around its content."""
    return bool(tree.xpath(_SITE_PARTS, namespaces=_REGEXP))


def remove_site_parts(tree: HtmlElement) -> None:
    """Take navigation and the like out of a page, unless they hold most of its words."""
    whole = len(tree.text_content())
    for part in tree.xpath(_SITE_PARTS, namespaces=_REGEXP):
        is_inside = part.getparent() is not None and part.tag not in ("html", "body")
        has_content = next(part.iter("main", "article", "h1"), None) is not None
        if is_inside and not has_content and 2 * len(part.text_content()) < whole:
            part.drop_tree()


def main_words(tree: HtmlElement) -> list[str]:
    """The words that trafilatura takes for the main content; none of a short page."""
    import trafilatura

    if len(tree.text_content()) <= _SHORT:
        return []
    text = trafilatura.extract(tree, include_comments=False, favor_recall=True)
    return _WORD.findall(text or "")


def main_content(blocks: Sequence[TextBlock], words: Sequence[str]) -> list[TextBlock]:
    """The blocks from the first to the last that holds words of the main content, with the
    headings above; all if there is none.
    """
    shares = _Shares(blocks, words)
    places = range(len(blocks))
    first = next(filter(shares.is_held, places), None)
    last = next(filter(shares.is_held, reversed(places)), None)
    if first is None or last is None:
        return list(blocks)
    while first and _leads(blocks[first - 1], shares.of(first - 1)):
        first -= 1
    while last + 1 < len(blocks) and shares.of(last + 1) == 1:
        last += 1
    return list(blocks[first : last + 1])


def _leads(block: TextBlock, share: float) -> bool:
    """Whether a block right above content belongs to it."""
    return bool(block.level) or share == 1 or not block.text.strip()


class _Shares:
    """How much of each block is main content: few are looked at, those where it starts and ends."""

    def __init__(self, blocks: Sequence[TextBlock], words: Sequence[str]) -> None:
        self._blocks, self._words = blocks, words
        # By how many words are in a row: hashes, since the words of a long page take 300 MB.
        self._runs = dict[int, set[int]]()

    def is_held(self, place: int) -> bool:
        """Whether a block tells by its words that it is main content."""
        own = _WORD.findall(self._blocks[place].text)
        return len(own) >= _TELLING_WORDS and self._share(own) > _HELD_SHARE

    def of(self, place: int) -> float:
        """The share of a block's runs of words that the main content has; 0 without words."""
        return self._share(_WORD.findall(self._blocks[place].text))

    def _share(self, own: Sequence[str]) -> float:
        size = min(len(own), _TELLING_WORDS)
        if not size:
            return 0.0
        if size not in self._runs:
            self._runs[size] = set(_hashed_runs(self._words, size))
        held = [run in self._runs[size] for run in _hashed_runs(own, size)]
        return sum(held) / len(held)


def _hashed_runs(words: Sequence[str], size: int) -> Iterator[int]:
    """The hash of each run of so many words."""
    return map(hash, zip(*(islice(words, at, None) for at in range(size)), strict=False))

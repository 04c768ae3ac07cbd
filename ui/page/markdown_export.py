"""A conversation as Markdown with its sources; text of documents is escaped."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.types import Answer, Citation
from ui.service.history import Exchange
from ui.templating import strip_hidden

# With these escaped, text makes no image, link, HTML or code.
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#!|~&])")
# Markers after escaping; between white space they make no link.
_MARKER = re.compile(r"(?<!\S)\\\[(\d{1,3})\\\](?!\S)")
# A quoted sentence is one line; a table in an answer is made of rows, and a fence holds code.
_TABLE_OR_CODE = re.compile(
    r"^\| .+ \|\n\|(?: -+ \|)+(?:\n\| .+ \|)+$|^(?P<code>```\n(?:.*\n)*?)```$", re.MULTILINE
)
_FENCE_LINE = re.compile(r"^ {0,3}`{3,}[ \t]*$", re.MULTILINE)
# What starts a line in an answer besides words: the mark of an item, or a heading before a colon.
_OPENING = re.compile(r"(?P<mark> *(?:-|\d{1,3}\.) (?=\S))?(?:\*\*(?P<heading>[^*]+:)\*\*(?= ))?")
_BAR = re.compile(r"(?<!\\)\|")


def as_markdown(title: str, exchanges: Sequence[Exchange]) -> str:
    """The questions, the answers with their markers, and the quotes that each answer cites."""
    parts = [f"# {_line(title)}", *(_exchange(exchange) for exchange in exchanges)]
    return "\n\n".join(parts) + "\n"


def file_name(title: str) -> str:
    """A file name made from a title."""
    words = re.findall(r"\w+", title.lower())
    return f"{'-'.join(words)[:60].strip('-') or 'conversation'}.md"


def _exchange(exchange: Exchange) -> str:
    parts = [f"## {_line(exchange.question)}"]
    answer = exchange.answer
    if answer is None:
        parts += [_line(exchange.text)] if exchange.text else []
        parts.append(f"*{_line(exchange.fault)}*")
        return "\n\n".join(parts)
    if answer.refusal:
        parts.append(f"*{_line(answer.refusal.message)}*")
        return "\n\n".join(parts)
    parts.append(_answer(answer))
    if answer.citations:
        parts.append("Sources:\n\n" + "\n".join(map(_citation, answer.citations)))
    return "\n\n".join(parts)


def _answer(answer: Answer) -> str:
    """The answer's text. An LLM's Markdown has lost images and links before it is an answer."""
    text = strip_hidden(answer.text)
    if answer.composer != "quotes":
        return text
    written, done = list[str](), 0
    for found in _TABLE_OR_CODE.finditer(text):
        written += [_prose(text[done : found.start()]), _table_or_code(found)]
        done = found.end()
    return "\n\n".join(filter(None, [*written, _prose(text[done:])]))


def _prose(text: str) -> str:
    """Paragraphs and lists, their lines escaped."""
    lines = [_marked_line(line) for line in text.strip("\n").split("\n")]
    return _MARKER.sub(r"[\1]", "\n".join(lines))


def _marked_line(line: str) -> str:
    """A line, escaped but for the mark of an item and the bold heading that it may start with."""
    opening = _OPENING.match(line)
    assert opening  # it may be empty
    heading = f"**{_line(opening['heading'])}** " if opening["heading"] else ""
    return f"{opening['mark'] or ''}{heading}{_line(line[opening.end() :])}"


def _table_or_code(found: re.Match[str]) -> str:
    if found["code"] is None:
        return _MARKER.sub(r"[\1]", "\n".join(map(_row, found[0].split("\n"))))
    code = found["code"].removeprefix("```\n")
    return found[0] if not _FENCE_LINE.search(code) else _prose(found[0])


def _row(line: str) -> str:
    """A row of a table, its cells escaped."""
    return "|".join(_escape(cell.replace("\\|", "|")) for cell in _BAR.split(line))


def _citation(citation: Citation) -> str:
    passage = citation.passage
    title = passage.title or passage.document
    path = [passage.document] if passage.document != title else []
    page = [f"page {passage.page}"] if passage.page else []
    place = ", ".join([title, *path, *page])
    return f"{citation.label}. {_line(place)}: “{_line(citation.quote.text)}”"


def _line(text: str) -> str:
    """Text in one line, escaped."""
    return _escape(" ".join(strip_hidden(text).split()))


def _escape(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)

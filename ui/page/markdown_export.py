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
_MARKER = re.compile(r"(?<= )\\\[(\d{1,3})\\\](?!\S)")
# A quoted sentence is one line; a table in an answer is made of rows.
_TABLE = re.compile(r"^\| .+ \|\n\|(?: -+ \|)+(?:\n\| .+ \|)+$", re.MULTILINE)
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
    for table in _TABLE.finditer(text):
        lines = map(_row, table[0].split("\n"))
        written += [_line(text[done : table.start()]), "\n".join(lines)]
        done = table.end()
    parts = filter(None, [*written, _line(text[done:])])
    return _MARKER.sub(r"[\1]", "\n\n".join(parts))


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

"""Text from documents and LLMs as safe HTML: everything in it is data, the links are ours."""

import re
from collections.abc import Callable, Collection, Sequence
from functools import cache
from html import escape

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from rag.types import Answer, Statement, Support

MARKER = re.compile(r"\[(\d{1,3})\]")

# Control characters, marks that reorder or hide text, and the private characters used below.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u200b\u202a-\u202e\u2060-\u2069\ufeff"
    "\ufff9-\ufffb\ue000-\ue00f\ud800-\udfff\U000e0000-\U000e007f]"
)
_MARKERS = re.compile(r"(?:\s?\[\d{1,3}\])*")
_BRACKET = "\ue002"
_BEFORE_MARKER = re.compile(r" (?=\[\d{1,3}\])")
_VERDICTS = {
    Support.WEAK: ("\ue000", "weakly supported", "The cited words back this only in part."),
    Support.UNSUPPORTED: ("\ue001", "not supported", "No passage that was found backs this."),
}


def clean(text: str) -> str:
    """The text without characters that a reader cannot see but a page would obey."""
    return _UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def safe(text: str) -> str:
    """Text as HTML in which nothing is markup; also safe between double quotes."""
    return escape(clean(text))


def marked(text: str, spans: Sequence[tuple[int, int]], first_id: str = "") -> str:
    """Text as HTML with the characters of the spans (half open, in order) in `mark`.

    Spans are clipped to the text and to each other; the first one gets the id, if there is one.
    """
    pieces, done = [], 0
    opening = f'<mark id="{first_id}" tabindex="-1">' if first_id else "<mark>"
    for start, end in sorted(spans):
        start, end = max(start, done), min(end, len(text))
        if start >= end:
            continue
        pieces += [safe(text[done:start]), opening, safe(text[start:end]), "</mark>"]
        opening, done = "<mark>", end
    return "".join([*pieces, safe(text[done:])])


def excerpt(text: str, start: int, end: int, margin: int = 320) -> tuple[int, int]:
    """The part of a text to show around the characters start to end, cut between words."""
    first, last = max(0, start - margin), min(len(text), end + margin)
    if first:
        space = re.search(r"\s", text[first:start])
        first = first + space.end() if space else start
    if last < len(text):
        words = re.search(r".*\s", text[end:last], re.DOTALL)
        last = end + len(words.group().rstrip()) if words else end
    return first, last


def prose(text: str, markdown: bool, turn: str = "", labels: Collection[int] = ()) -> str:
    """An answer's text as HTML: paragraphs, and if Markdown then also lists, tables and code.

    Markers of the given labels become links to that turn's citations; with an empty turn they
    are shown but lead nowhere. Raw HTML is shown as text; images and other links are dropped.
    """
    return _prose(clean(text), markdown, turn, labels)


def answer_prose(answer: Answer, turn: str) -> str:
    """A checked answer as HTML, with a quiet word after each statement that lacks support."""
    text = _with_verdicts(clean(answer.text), answer.statements)
    cited = {citation.passage.document for citation in answer.citations}
    markdown = answer.composer != "quotes" or all(is_markdown(path) for path in cited)
    html = _prose(text, markdown, turn, [citation.label for citation in answer.citations])
    html = html.replace(_BRACKET, "[")
    for support, (sign, word, title) in _VERDICTS.items():
        html = html.replace(sign, f'<span class="verdict {support}" title="{title}">{word}</span>')
    return html


def _prose(text: str, markdown: bool, turn: str, labels: Collection[int]) -> str:
    env: dict[str, object] = {"turn": turn, "labels": frozenset(labels), "seen": set()}
    text = _BEFORE_MARKER.sub("\u00a0", text)  # a marker never starts a line
    return str((_markdown() if markdown else _plain()).render(text, env))


def is_markdown(path: str) -> bool:
    """Whether a document of this name is written in Markdown."""
    return path.lower().endswith((".md", ".markdown"))


def _with_verdicts(text: str, statements: Sequence[Statement]) -> str:
    """The answer's text with a private character after each statement that lacks support.

    What looks like a marker inside a statement is the document's own `[n]`, and is kept apart.
    """
    pieces, done = [], 0
    for statement in statements:
        words = clean(statement.text)
        found = text.find(words, done)
        if found < 0:
            continue
        end = found + len(words)
        markers = _MARKERS.match(text, end)
        assert markers
        # The space keeps Markdown from reading the private character as part of the last word.
        sign = f" {_VERDICTS[statement.support][0]}" if statement.support in _VERDICTS else ""
        pieces += [text[done:found], MARKER.sub(f"{_BRACKET}\\1]", words), markers[0], sign]
        done = end + len(markers[0])
    return "".join([*pieces, text[done:]])


@cache
def _markdown() -> MarkdownIt:
    """A Markdown reader that makes no markup but ours; it keeps no state between texts."""
    reader = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable("table")
    return _with_markers(reader.disable(["reference", "html_block", "html_inline", "autolink"]))


@cache
def _plain() -> MarkdownIt:
    """A reader that knows paragraphs, line breaks, tables and markers only.

    A quoted sentence is one line, which makes no table: those that there are were made of rows.
    """
    reader = MarkdownIt("zero", {"html": False, "breaks": True}).enable(["newline", "table"])
    return _with_markers(reader)


def _with_markers(reader: MarkdownIt) -> MarkdownIt:
    reader.inline.ruler.before("newline", "marker", _read_marker)
    for name in ("link_open", "link_close", "image"):
        reader.add_render_rule(name, _nothing)
    reader.add_render_rule("marker", _write_marker)
    for name, tag in (("heading_open", "<h4>"), ("heading_close", "</h4>\n")):
        reader.add_render_rule(name, _constant(tag))
    return reader


def _read_marker(state: StateInline, silent: bool) -> bool:
    """Take `[n]` as a marker wherever it stands, before Markdown can see a link in it."""
    found = MARKER.match(state.src, state.pos)
    if not found:
        return False
    if not silent:
        state.push("marker", "", 0).meta = {"label": int(found[1])}
    state.pos = found.end()
    return True


def _write_marker(
    _: RendererHTML, tokens: Sequence[Token], index: int, __: OptionsDict, env: EnvType
) -> str:
    """A marker as a link to its citation; a label that is not ours stays plain text."""
    label, turn, seen = tokens[index].meta["label"], env["turn"], env["seen"]
    if not turn:
        return f'<span class="marker pending">[{label}]</span>'
    if label not in env["labels"]:
        return f"[{label}]"
    name = "" if label in seen else f' id="{turn}-m{label}"'
    seen.add(label)
    return (
        f'<a class="marker"{name} href="#{turn}-c{label}" data-turn="{turn}" '
        f'aria-label="Citation {label}">[{label}]</a>'
    )


def _nothing(*_: object) -> str:
    return ""


def _constant(html: str) -> Callable[..., str]:
    return lambda *_: html

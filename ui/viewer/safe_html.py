"""Text of documents and answers as safe HTML: no markup of theirs, no links but to citations."""

import re
from collections.abc import Callable, Collection, Sequence
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock, fence
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from markupsafe import Markup

from rag.types import Answer, Statement, Support
from ui.templating import escape_text, strip_hidden

MARKER = re.compile(r"\[(\d{1,3})\]")

# After a statement: the end of its emphasis or code, and its markers.
_MARKERS = re.compile(r"\*{0,3}(?:\n```\n)?(?:\s?\[\d{1,3}\])*")
_BRACKET = "\ue002"
_TABLE = re.compile(r"<table>.*?</table>", re.DOTALL)
# The markers at the end of a row's last cell; the rows that have none.
_ROW_MARKERS = re.compile(
    r"(?:\u00a0|\s)*(?P<markers>(?:<(?P<tag>a|span) class=\"marker[^>]*>\[\d+\]</(?P=tag)>"
    r"[\s\u00a0\ue000\ue001]*)+)</td>\s*</tr>"
)
_LONE_ROW_END = re.compile(r"(?P<cell><td(?! class=\"cites\")[^>]*>[^\n]*</td>\n)</tr>")
_HEAD_END = re.compile(r"</tr>\s*</thead>")
_HEAD_OF_MARKERS = (
    '<th class="cites"><span class="visually-hidden">Sources</span></th>\n</tr>\n</thead>'
)
_HEADING_BEFORE = re.compile(r"\*\*([^*\n]+:)\*\*(?=[ \u00a0])")
_BEFORE_MARKER = re.compile(r" (?=\[\d{1,3}\])")
_VERDICTS = {
    Support.WEAK: ("\ue000", "weakly supported", "The cited words back this only in part."),
    Support.UNSUPPORTED: ("\ue001", "not supported", "No passage that was found backs this."),
}


def highlight(
    text: str, spans: Sequence[tuple[int, int]], first_id: str = "", focusable: bool = True
) -> Markup:
    """Text as HTML with the characters of the spans (half open, in order) in `mark`.

    Spans are clipped to the text and to each other; the first one gets the id, if there is one,
    and if it is focusable then following a link to it moves the focus.
    """
    pieces, done, attributes = list[Markup](), 0, Markup()
    if first_id:
        attributes = Markup(' id="{}"').format(first_id)
        attributes += Markup(' tabindex="-1"') if focusable else ""
    for start, end in sorted(spans):
        start, end = max(start, done), min(end, len(text))
        if start >= end:
            continue
        mark = Markup("<mark{}>{}</mark>").format(attributes, escape_text(text[start:end]))
        pieces += [escape_text(text[done:start]), mark]
        attributes, done = Markup(), end
    return Markup().join([*pieces, escape_text(text[done:])])


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


def prose_html(text: str, markdown: bool, turn: str = "", labels: Collection[int] = ()) -> Markup:
    """An answer's text as HTML: paragraphs, and if Markdown then also lists, tables and code.

    Markers of the given labels become links to that turn's citations; with an empty turn they
    are shown but lead nowhere. Raw HTML is shown as text; images and other links are dropped.
    """
    return _prose(strip_hidden(text), markdown, turn, labels)


def answer_html(answer: Answer, turn: str) -> Markup:
    """A checked answer as HTML, with a verdict after each statement that lacks support."""
    text = _with_verdicts(strip_hidden(answer.text), answer.statements)
    cited = {citation.passage.document for citation in answer.citations}
    markdown = answer.composer != "quotes" or all(is_markdown(path) for path in cited)
    html = _prose(text, markdown, turn, [citation.label for citation in answer.citations])
    html = html.replace(_BRACKET, "[")
    for support, (sign, word, title) in _VERDICTS.items():
        verdict = Markup('<span class="verdict {}" title="{}">{}</span>')
        html = html.replace(sign, verdict.format(support, title, word))
    return html


def _prose(text: str, markdown: bool, turn: str, labels: Collection[int]) -> Markup:
    env: dict[str, object] = {"turn": turn, "labels": frozenset(labels), "seen": set()}
    text = _BEFORE_MARKER.sub("\u00a0", text)  # a marker never starts a line
    return Markup(_tables((_markdown() if markdown else _plain()).render(text, env)))


def _tables(html: str) -> str:
    """Tables of an answer in a box that scrolls, with the markers of rows in a column of their own.

    That column stays in sight however wide the table is.
    """
    return _TABLE.sub(_boxed, html)


def _boxed(found: re.Match[str]) -> str:
    table, count = _ROW_MARKERS.subn(r'</td>\n<td class="cites">\g<markers></td>\n</tr>', found[0])
    if count:
        table = _HEAD_END.sub(_HEAD_OF_MARKERS, table, count=1)
        table = _LONE_ROW_END.sub(r'\g<cell><td class="cites"></td>\n</tr>', table)
    return f'<div class="scroll">{table}</div>\n'


def is_markdown(path: str) -> bool:
    """Whether a document of this name is written in Markdown."""
    return path.lower().endswith((".md", ".markdown"))


def _with_verdicts(text: str, statements: Sequence[Statement]) -> str:
    """The answer's text with a private character after each statement that lacks support.

    What looks like a marker inside a statement is the document's own `[n]`, and is kept apart.
    """
    squeezed, places = _squeezed(text)
    pieces, done, passed = [], 0, 0
    for statement in statements:
        words, _ = _squeezed(strip_hidden(statement.text))
        found = squeezed.find(words, passed) if words else -1
        if found < 0:
            continue
        passed = found + len(words)
        start, end = places[found], places[passed - 1] + 1
        rest = _MARKERS.match(text, end)
        assert rest
        # The space keeps Markdown from reading the private character as part of the last word.
        sign = f" {_VERDICTS[statement.support][0]}" if statement.support in _VERDICTS else ""
        said = MARKER.sub(f"{_BRACKET}\\1]", text[start:end])
        pieces += [text[done:start], said, rest[0], sign]
        done = rest.end()
    return "".join([*pieces, text[done:]])


def _squeezed(text: str) -> tuple[str, list[int]]:
    """A text without white space and stars, which its form has and a statement hasn't, and the
    index of each of its characters.
    """
    places = [place for place, char in enumerate(text) if not char.isspace() and char != "*"]
    return "".join(text[place] for place in places), places


@cache
def _markdown() -> MarkdownIt:
    """The Markdown parser without HTML, links and images; it keeps no state between texts."""
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable("table")
    return _with_markers(parser.disable(["reference", "html_block", "html_inline", "autolink"]))


@cache
def _plain() -> MarkdownIt:
    """A parser of what an answer puts around quoted words: paragraphs, line breaks, lists, tables,
    code, markers, and a bold heading at the start of a paragraph.

    A quoted sentence is one line, which makes no table: those that there are were made of rows.
    """
    parser = MarkdownIt("zero", {"html": False, "breaks": True})
    parser.block.ruler.at("fence", _parse_fence, {"alt": ["paragraph", "reference", "list"]})
    parser.enable(["newline", "table", "list", "fence"])
    parser.inline.ruler.before("newline", "heading_before", _parse_heading_before)
    return _with_markers(parser)


def _parse_fence(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Take code between lines of three backticks; other fences are a document's own characters."""
    line = state.src[state.bMarks[start] : state.eMarks[start]]
    return line == "```" and fence(state, start, end, silent)


def _parse_heading_before(state: StateInline, silent: bool) -> bool:
    """Take `**Heading:** ` at the start of a paragraph."""
    found = _HEADING_BEFORE.match(state.src) if state.pos == 0 else None
    if not found:
        return False
    if not silent:
        state.push("strong_open", "strong", 1)
        state.push("text", "", 0).content = found[1]
        state.push("strong_close", "strong", -1)
    state.pos = found.end()
    return True


def _with_markers(parser: MarkdownIt) -> MarkdownIt:
    parser.inline.ruler.before("newline", "marker", _parse_marker)
    for name in ("link_open", "link_close", "image"):
        parser.add_render_rule(name, _render_nothing)
    parser.add_render_rule("marker", _render_marker)
    for name, tag in (("heading_open", "<h4>"), ("heading_close", "</h4>\n")):
        parser.add_render_rule(name, _constant(tag))
    return parser


def _parse_marker(state: StateInline, silent: bool) -> bool:
    """Take `[n]` as a marker wherever it stands, before Markdown can see a link in it."""
    found = MARKER.match(state.src, state.pos)
    if not found:
        return False
    if not silent:
        state.push("marker", "", 0).meta = {"label": int(found[1])}
    state.pos = found.end()
    return True


def _render_marker(
    _: RendererHTML, tokens: Sequence[Token], index: int, __: OptionsDict, env: EnvType
) -> str:
    """A marker as a link to its citation; a label that is not ours stays plain text."""
    label, turn, seen = tokens[index].meta["label"], env["turn"], env["seen"]
    if not turn:
        return Markup('<span class="marker pending">[{}]</span>').format(label)
    if label not in env["labels"]:
        return f"[{label}]"
    name = "" if label in seen else Markup(' id="{}-m{}"').format(turn, label)
    seen.add(label)
    return Markup(
        '<a class="marker"{0} href="#{1}-c{2}" data-turn="{1}" aria-label="Citation {2}">[{2}]</a>'
    ).format(name, turn, label)


def _render_nothing(*_: object) -> str:
    return ""


def _constant(html: str) -> Callable[..., str]:
    return lambda *_: html

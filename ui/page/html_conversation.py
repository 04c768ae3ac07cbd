"""The chat page's two columns as HTML: what was said, and the sources it rests on."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from index.types import Hit, Passage
from rag.settings import Settings
from rag.types import Answer, Citation, Support, Turn
from ui.service.plain_text import text_of, turn_of
from ui.viewer.document import document_url
from ui.viewer.safe_html import answer_prose, excerpt, marked, prose, safe


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question and how far its answer has come; `key` names it in the page.

    `hits` are there once passages were found, `text` grows while it is written, and `answer` or
    `fault` (a sentence for the user) ends it. `rating` is what the reader thinks of it ("up",
    "down" or ""), with a reason. `outdated` says of documents, by path, what became of them since.
    """

    key: str
    question: str
    hits: tuple[Hit, ...] = ()
    text: str = ""
    answer: Answer | None = None
    fault: str = ""
    rating: str = ""
    reason: str = ""
    outdated: Mapping[str, str] = field(default_factory=dict)

    @property
    def running(self) -> bool:
        """Whether more is to come."""
        return self.answer is None and not self.fault

    @property
    def turn(self) -> Turn | None:
        """What a follow-up needs to know of it: question and answer, markers removed."""
        if self.answer is None or self.answer.refusal:
            return None
        return turn_of(self.question, text_of(self.answer))


def exchange_html(exchange: Exchange) -> str:
    """One question with its answer, as far as it has come."""
    state = "running" if exchange.running else "fault" if exchange.fault else "done"
    return (
        f'<article class="exchange {state}" id="{exchange.key}">'
        f'<h2 class="question" dir="auto">{safe(exchange.question)}</h2>'
        f'<div class="answer" dir="auto">{_answer(exchange)}</div></article>'
    )


def sources_html(exchanges: Sequence[Exchange], opening: str) -> str:
    """The sources of every exchange; the last one that has any is shown, the others wait hidden.

    `opening` is shown while there are none.
    """
    with_hits = [exchange for exchange in exchanges if exchange.hits]
    if not with_hits:
        return opening
    return "".join(_sources(exchange, exchange is with_hits[-1]) for exchange in with_hits)


def count(number: int, noun: str) -> str:
    """A number and its noun, in the plural where need be."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _answer(exchange: Exchange) -> str:
    answer = exchange.answer
    if exchange.fault:
        partial = prose(exchange.text, markdown=True) if exchange.text else ""
        return f'{partial}<p class="fault" role="status">{safe(exchange.fault)}</p>'
    if answer is None:
        return prose(exchange.text, markdown=True) if exchange.text else _waiting(exchange)
    if answer.refusal:
        nearest = "<p>The nearest passages are listed, for you to judge.</p>" if answer.hits else ""
        body = f'<div class="refusal"><p>{safe(answer.refusal.message)}</p>{nearest}</div>'
    else:
        body = answer_prose(answer, exchange.key)
    said = answer.refusal.message if answer.refusal else ""
    note = f'<p class="note">{safe(answer.note)}</p>' if answer.note not in ("", said) else ""
    return f"{body}{note}{_outdated(exchange)}{_foot(answer)}"


def _outdated(exchange: Exchange) -> str:
    """What became of the documents that are cited, since they were."""
    said = "; ".join(f"{safe(path)} {what}" for path, what in exchange.outdated.items())
    if not said:
        return ""
    return (
        f'<p class="note outdated">Since this answer {said}. It shows the words as they were; '
        "ask again for an answer from the documents as they are now.</p>"
    )


def _waiting(exchange: Exchange) -> str:
    if not exchange.hits:
        return '<p class="waiting">Searching the documents…</p>'
    documents = len({hit.passage.document for hit in exchange.hits})
    passages = count(len(exchange.hits), "passage")
    return f'<p class="waiting">Reading {passages} of {count(documents, "document")}…</p>'


def _foot(answer: Answer) -> str:
    """A quiet line on what was searched for and how well the answer is backed."""
    parts = []
    if answer.query.strip() != answer.question.strip():
        parts.append(f"Searched for “{safe(answer.query)}”")
    if answer.statements and not answer.refusal:
        backed = sum(s.support is Support.SUPPORTED for s in answer.statements)
        total = len(answer.statements)
        each = "backed by its source" if total == 1 else "each backed by its source"
        parts.append(
            f"{count(total, 'statement')}, {each if backed == total else f'{backed} fully backed'}"
        )
    seconds = answer.seconds.get("total")
    if seconds is not None and not answer.refusal:
        parts.append(f"{seconds:.1f} s" if seconds >= 0.1 else "under 0.1 s")
    return f'<p class="foot">{" · ".join(parts)}</p>' if parts else ""


def _sources(exchange: Exchange, shown: bool) -> str:
    answer = exchange.answer
    cited = {citation.passage.id for citation in answer.citations} if answer else set()
    cards = [_citation(each, exchange) for each in answer.citations] if answer else []
    rest = [hit.passage for hit in exchange.hits if hit.passage.id not in cited]
    plain = "".join(_passage(passage) for passage in rest)
    if not cards:
        heading = "Nearest passages" if answer and answer.refusal else "Passages found"
        heading = f"<h2>{heading}</h2>"
        body = plain
    else:
        heading = '<h2 class="unseen">Sources</h2>'  # the tab says so
        more = f"{count(len(rest), 'further passage')} read"
        body = "".join(cards)
        body += f'<details class="rest"><summary>{more}</summary>{plain}</details>' if rest else ""
    hidden = "" if shown else " hidden"
    running = " running" if exchange.running else ""
    return (
        f'<section class="sources{running}" data-turn="{exchange.key}"{hidden}>{heading}'
        f'<p class="asked" dir="auto">{safe(exchange.question)}</p>{body}</section>'
    )


def _citation(citation: Citation, exchange: Exchange) -> str:
    """A card: the quoted words marked among the words around them, and the way to the document."""
    passage, quote, label = citation.passage, citation.quote, citation.label
    turn = exchange.key
    what = exchange.outdated.get(passage.document, "")
    outdated = f'<p class="outdated">The document {what}.</p>' if what else ""
    span = (quote.start - passage.start, quote.end - passage.start)
    return (
        f'<article class="card" id="{turn}-c{label}" data-label="{label}" tabindex="-1" '
        f'aria-label="Citation {label}"><header><span class="label">{label}</span>'
        f"{_where(passage)}</header>{_words(passage, *span)}{outdated}"
        f'<footer><a class="open" target="_blank" rel="noopener" href="{_url(passage, *span)}">'
        f'Show in the document</a><a class="back" href="#{turn}-m{label}" '
        f'aria-label="Back to marker {label} in the answer">↩</a></footer></article>'
    )


def _passage(passage: Passage) -> str:
    """A card for a passage that was found and not cited."""
    return (
        f'<article class="card uncited"><header>{_where(passage)}</header>'
        f'{_words(passage)}<footer><a class="open" target="_blank" rel="noopener" '
        f'href="{_url(passage, 0, len(passage.text))}">Show in the document</a></footer></article>'
    )


def _where(passage: Passage) -> str:
    """Title, file, page and headings of a passage."""
    title = passage.title or passage.document
    headings = [part for part in passage.heading.split(" > ") if part and part != title]
    page = [f"page {passage.page}"] if passage.page else []
    path = [passage.document] if passage.document != title else []
    place = " · ".join(safe(part) for part in [*path, *page, *headings])
    return (
        f'<div class="where"><span class="title" dir="auto">{safe(title)}</span>'
        f'<span class="place">{place}</span></div>'
    )


def _words(passage: Passage, start: int = 0, end: int = 0) -> str:
    """The passage's words around a span of it, the span marked."""
    first, last = excerpt(passage.text, start, end)
    words = passage.text[first:last]
    html = marked(words, [(start - first, end - first)])
    before, after = "… " if first else "", " …" if last < len(passage.text) else ""
    flow = " flow" if passage.page else ""
    return f'<blockquote class="words{flow}" dir="auto">{before}{html}{after}</blockquote>'


def _url(passage: Passage, start: int, end: int) -> str:
    at = passage.start
    return safe(document_url(passage.document, at + start, at + end, passage.digest))


STOPPED = "Stopped."
NO_SOURCES = '<p class="none">The words that an answer rests on are shown here.</p>'
# What `where_html` gives, made by the browser from the page's address.
WHERE_FROM_ADDRESS = """
() => `<i data-chat="${new URLSearchParams(location.search).get("chat") ?? ""}"></i>`
"""
_CHAT = re.compile(r'data-chat="([0-9a-f]{32})"')


def where_html(chat: str) -> str:
    """The conversation's id, as the page holds it."""
    return f'<i data-chat="{chat}"></i>'


def chat_id(where: str) -> str:
    """The id that the page holds, "" if it is no id of ours."""
    found = _CHAT.search(where or "")
    return found[1] if found else ""


def mail_html(name: str, text: str) -> str:
    """A text for the browser to save under a name."""
    return f'<i data-save="{safe(name)}" data-text="{safe(text)}"></i>'


def fault_html(error: Exception) -> str:
    """A sentence on what went wrong."""
    return f'<p class="fault" role="status">{safe(str(error))}</p>'


def welcome_html(settings: Settings) -> str:
    """What an empty page says: how answers come about."""
    if settings.composer_name == "quotes":
        manner = "Answers are quoted word for word from your documents"
    else:
        writer = settings.llm_model or "an LLM"
        manner = f"Answers are written by {writer} and checked against your documents"
    return (
        '<section class="welcome"><h2>Ask your documents</h2>'
        f"<p>{safe(manner)}, and every sentence leads to the words it rests on. What the "
        "documents do not say is not answered.</p></section>"
    )

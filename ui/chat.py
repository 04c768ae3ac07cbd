"""The chat page: a question box, answers whose markers lead to their sources, and the sources."""

import logging
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import gradio as gr
from fastapi import FastAPI
from gradio.themes import Base
from gradio.themes.utils import colors

from index.errors import FootnoteError
from rag.answers import Delta, Done, Event, Retrieved, Turn
from rag.engine import Engine
from rag.settings import Settings
from ui.conversation import Exchange, count, documents_html, exchange_html, sources_html
from ui.limits import HISTORY_CHARACTERS, HISTORY_TURNS, QUESTION_CHARACTERS
from ui.render import safe

log = logging.getLogger(__name__)

# Questions to start with, each shown if the document that answers it is indexed.
EXAMPLES = {
    "who-is-who.csv": "Who met in Paris?",
    "disputes.html": "What do Israel and Hamas disagree about?",
    "terms.pdf": "How many hostages remain in Gaza?",
    "how-talks-work.txt": "Who led the latest round of talks?",
}
FAULT = "Something went wrong while answering. The server's log says what; please ask again."
STOPPED = "Stopped."
KEPT = 50  # exchanges that stay on the page
REFRESH_SECONDS = 0.05

HEAD = """
<meta name="color-scheme" content="light dark">
<link rel="icon" href="/page/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/page/chat.css">
<script src="/page/chat.js" defer></script>
"""
PLAIN: dict[str, Any] = {"js_on_load": None, "apply_default_css": False}
Update = dict[Any, Any]  # new values by component, as Gradio takes them


def mount(app: FastAPI, engine: Engine, settings: Settings) -> None:
    """Put the chat page at `/` of an application; routes that it already has come first."""
    gr.mount_gradio_app(
        app,
        ChatPage(engine, _welcome(settings)).blocks,
        path="/",
        theme=_theme(),
        head=HEAD,
        show_error=False,
        max_file_size=1,
        enable_monitoring=False,
        run_history=False,
        footer_links=[],
        mcp_server=False,
        ssr_mode=False,
        pwa=False,
        app_kwargs={"docs_url": None, "redoc_url": None, "openapi_url": None},
    )


class ChatPage:
    """The page's components and what they do."""

    def __init__(self, engine: Engine, welcome: str) -> None:
        self._engine = engine
        self._welcome = welcome
        with gr.Blocks(title="Footnote", analytics_enabled=False, fill_width=True) as self.blocks:
            self._lay_out()
            self._connect()
        self.blocks.queue(max_size=32, default_concurrency_limit=4, api_open=False)

    def _lay_out(self) -> None:
        with gr.Row(elem_id="top"):
            gr.HTML(
                '<h1 class="name">Footnote</h1>',
                elem_id="name",
                js_on_load=None,
                apply_default_css=False,
            )
            self._summary = gr.HTML(elem_id="summary", **PLAIN)
            self._fresh = gr.Button("New chat", elem_id="fresh", size="sm")
        with gr.Row(elem_id="desk"):
            with gr.Column(elem_id="talk"):
                self._past = gr.HTML(elem_id="past", **PLAIN)
                self._now = gr.HTML(self._welcome, elem_id="now", **PLAIN)
                with gr.Column(elem_id="examples", visible=False) as self._examples:
                    self._buttons = [
                        gr.Button(question, elem_classes="example", visible=False)
                        for question in EXAMPLES.values()
                    ]
                with gr.Row(elem_id="ask"):
                    self._box = gr.Textbox(
                        label="Question",
                        show_label=False,
                        placeholder="Ask a question",
                        lines=1,
                        max_lines=6,
                        max_length=QUESTION_CHARACTERS,
                        autofocus=True,
                        submit_btn="Ask",
                        container=False,
                    )
            with gr.Column(elem_id="side"):
                self._sources = gr.HTML(elem_id="sources", **PLAIN)
        self._exchanges = gr.State(())
        self._opening = gr.State("")

    def _connect(self) -> None:
        shown = [self._past, self._now, self._sources, self._exchanges, self._box, self._examples]
        given = [self._box, self._exchanges, self._opening]
        private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        opening = [self._summary, self._sources, self._opening, self._examples, *self._buttons]
        self.blocks.load(self.open, outputs=opening, **private)
        runs: list[dict[str, Any]] = [self._box.submit(self.ask, given, shown, **private)]
        for button, question in zip(self._buttons, EXAMPLES.values(), strict=True):
            runs.append(
                button.click(
                    lambda exchanges, opening, question=question: (
                        yield from self.ask(question, exchanges, opening)
                    ),
                    [self._exchanges, self._opening],
                    shown,
                    **private,
                )
            )
        self._box.stop(self.stop, [self._exchanges, self._opening], shown, cancels=runs, **private)
        self._fresh.click(self.restart, [self._opening], shown, cancels=runs, **private)

    def open(self) -> Update:
        """What a fresh page shows: what is indexed, and questions to start with."""
        try:
            documents = [info for info in self._engine.documents() if not info.failure]
        except FootnoteError as error:
            return {self._summary: f'<p class="fault">{safe(str(error))}</p>'}
        passages = sum(info.passages for info in documents)
        indexed = (
            f"<p>{count(len(documents), 'document')}"
            f'<span class="detail"> · {count(passages, "passage")}</span></p>'
        )
        listing = documents_html([(info.path, info.title) for info in documents])
        paths = {info.path for info in documents}
        return {
            self._summary: indexed,
            self._sources: listing,
            self._opening: listing,
            self._examples: gr.update(visible=not paths.isdisjoint(EXAMPLES)),
            **{
                button: gr.update(visible=path in paths)
                for button, path in zip(self._buttons, EXAMPLES, strict=True)
            },
        }

    def ask(self, question: str, exchanges: tuple[Exchange, ...], opening: str) -> Iterator[Update]:
        """Answer a question, showing the answer as it is written and then as it was checked."""
        question = question.strip()[:QUESTION_CHARACTERS]
        if not question:
            return
        past = exchanges[1 - KEPT :]
        number = int(past[-1].key[1:]) + 1 if past else 1
        now = Exchange(f"t{number}", question)
        yield {
            self._past: "".join(map(exchange_html, past)),
            self._box: gr.update(value="", submit_btn=False, stop_btn="Stop"),
            self._examples: gr.update(visible=False),
            **self._show(past, now, opening),
        }
        for later in self._follow(now, past):
            yield self._show(past, later, opening)
        yield {self._box: gr.update(submit_btn="Ask", stop_btn=False)}

    def stop(self, exchanges: tuple[Exchange, ...], opening: str) -> Update:
        """End the running answer; what was written stays, marked as stopped."""
        shown: Update = {self._box: gr.update(submit_btn="Ask", stop_btn=False)}
        if exchanges and exchanges[-1].running:
            stopped = replace(exchanges[-1], fault=STOPPED)
            shown |= self._show(exchanges[:-1], stopped, opening)
        return shown

    def restart(self, opening: str) -> Update:
        """An empty page."""
        return {
            self._past: "",
            self._now: self._welcome,
            self._sources: opening,
            self._exchanges: (),
            self._box: gr.update(value="", submit_btn="Ask", stop_btn=False),
            self._examples: gr.update(visible=True),
        }

    def _follow(self, now: Exchange, past: tuple[Exchange, ...]) -> Iterator[Exchange]:
        """The exchange after each event that is worth showing; the last one is never running."""
        shown = 0.0
        try:
            events = self._engine.stream(now.question, history(past))
            with closing(events):
                for event in events:
                    now = _after(now, event)
                    if isinstance(event, Delta) and time.monotonic() - shown < REFRESH_SECONDS:
                        continue
                    shown = time.monotonic()
                    yield now
        except FootnoteError as error:
            yield replace(now, fault=str(error))
        except Exception:
            log.exception("the chat page could not answer")
            yield replace(now, fault=FAULT)

    def _show(self, past: tuple[Exchange, ...], now: Exchange, opening: str) -> Update:
        exchanges = (*past, now)
        return {
            self._now: exchange_html(now),
            self._sources: sources_html(exchanges, opening),
            self._exchanges: exchanges,
        }


def history(exchanges: tuple[Exchange, ...]) -> tuple[Turn, ...]:
    """The latest turns that fit the limits of a question's history, oldest first."""
    turns: list[Turn] = []
    room = HISTORY_CHARACTERS
    for turn in (exchange.turn for exchange in reversed(exchanges)):
        if turn is None:
            continue
        room -= len(turn.question) + len(turn.answer)
        if room < 0 or len(turns) == HISTORY_TURNS:
            break
        turns.append(turn)
    return tuple(reversed(turns))


def _welcome(settings: Settings) -> str:
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


def _after(exchange: Exchange, event: Event) -> Exchange:
    if isinstance(event, Retrieved):
        return replace(exchange, hits=event.hits)
    if isinstance(event, Delta):
        return replace(exchange, text=exchange.text + event.text)
    if isinstance(event, Done):
        return replace(exchange, answer=event.answer, hits=event.answer.hits)
    return exchange


def _theme() -> Base:
    """Paper and ink; the fonts and the rest are in chat.css."""
    return Base(
        primary_hue=colors.stone,
        neutral_hue=colors.stone,
        font=["Footnote Sans", "system-ui", "sans-serif"],
        font_mono=["ui-monospace", "monospace"],
    )

"""What the chat page does: conversations, answers and what readers think of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, replace
from typing import Any

import gradio as gr
from fastapi import FastAPI
from gradio.themes import Base
from gradio.themes.utils import colors

from index.errors import FootnoteError
from rag.settings import Settings
from ui.page.components import Parts
from ui.page.documents_panel import ShelfActs, Update, caller
from ui.page.exchanges import KEPT, Exchanges, Runs, Talk, as_of_now, history, steps
from ui.page.html_conversation import (
    STOPPED,
    WHERE_FROM_ADDRESS,
    chat_id,
    fault_html,
    mail_html,
    welcome_html,
    where_html,
)
from ui.page.markdown_export import as_markdown, file_name
from ui.page.static_files import SCRIPTS, STYLES, page_url
from ui.page.updates import Shown
from ui.service import history as feedback
from ui.service.answer_options import AnswerOptions
from ui.service.history import Exchange, History, new_chat
from ui.service.settings import QUESTION_CHARACTERS
from ui.wiring import Service

_READY = gr.update(submit_btn="Ask", stop_btn=False)


class ChatPage:
    """What the page's components do."""

    def __init__(self, service: Service, settings: Settings) -> None:
        self._answers = service.answers
        self._policy = service.options_policy
        self._data = settings.data
        self._runs = Runs()
        welcome = welcome_html(settings)
        with gr.Blocks(title="Footnote", analytics_enabled=False, fill_width=True) as self.blocks:
            self._parts = Parts(welcome)
            self._shown = Shown(self._parts, service.options_policy, welcome)
            self._shelf = ShelfActs(self._parts, service)
            self._connect()
        self.blocks.queue(max_size=32, default_concurrency_limit=4, api_open=False)

    def _connect(self) -> None:
        parts = self._parts
        here = [parts.exchanges, parts.where]
        asking = [*here, parts.options]
        options = [parts.options, parts.gist, parts.form]
        talk = [parts.past, parts.now, parts.sources, parts.exchanges]
        page = [*talk, parts.box, parts.offers, parts.chats, parts.where, *options]
        panel = [parts.shelf, parts.summary]
        private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        opened = self.blocks.load(
            self.open, [parts.where], [*page, *panel], js=WHERE_FROM_ADDRESS, **private
        )
        opened.then(self._shelf.offer, here, [parts.offers], **private)
        runs: list[Any] = [
            parts.box.submit(self.ask, [parts.box, *asking], page, **private),
            parts.offers.pose(self.pose, asking, page, **private),
            parts.now.again(self.again, asking, page, **private),
        ]
        each = {**private, "trigger_mode": "multiple", "concurrency_limit": 1}  # and in order
        parts.form.settle(self.settle, [parts.where], options[:2], **each)
        stopped = parts.box.stop(self.stop, here, page, cancels=runs, **private)
        stopped.then(self.stop, here, page, **private)  # over a step that came late
        parts.fresh.restart(self.restart, None, page, cancels=runs, **private)
        parts.chats.choose(self.choose, None, page, cancels=runs, **private)
        parts.chats.forget(self.forget, [parts.where], page, **private)
        parts.chats.retitle(self.retitle, [parts.where], [parts.chats], **private)
        parts.chats.export(self.export, None, [parts.mail], **private)
        for said in (parts.past, parts.now):
            said.rate(self.rate, here, [*talk, parts.chats], **private)
            said.explain(self.rate, here, [*talk, parts.chats], **private)
        parts.shelf.look(self._shelf.look, None, panel, **private)
        parts.shelf.discard(self._shelf.discard, None, panel, **private)
        parts.shelf.about(self._shelf.about, None, [parts.offers], **private)

    # --- opening and leaving conversations

    def open(self, where: str, request: gr.Request) -> Update:
        """What a fresh page shows: the conversation that its address names, and the documents."""
        return {**self._chat(self._talk(request, chat_id(where))), **self._shelf.look(request)}

    def choose(self, request: gr.Request, event: gr.EventData) -> Update:
        """A kept conversation, as it was."""
        self._runs.halt(request.session_hash)
        return self._chat(self._talk(request, event._data["chat"]))

    def restart(self, request: gr.Request) -> Update:
        """An empty page."""
        self._runs.halt(request.session_hash)
        return self._chat(self._talk(request))

    def forget(self, where: str, request: gr.Request, event: gr.EventData) -> Update:
        """Delete a conversation; an empty page if it was this one."""
        talk = self._talk(request, chat_id(where))
        talk.kept.delete(event._data["chat"])
        if event._data["chat"] == talk.id:
            return self.restart(request)
        return self._shown.chats(talk)

    def retitle(self, where: str, request: gr.Request, event: gr.EventData) -> Update:
        """Give a conversation another title."""
        talk = self._talk(request, chat_id(where))
        talk.kept.rename(event._data["chat"], event._data["title"])
        return self._shown.chats(talk)

    def export(self, request: gr.Request, event: gr.EventData) -> Update:
        """A conversation as a file to save."""
        kept = self._talk(request).kept
        chat = kept.chat(event._data["chat"])
        if chat is None:
            return {self._parts.mail: ""}
        text = as_markdown(chat.title, kept.exchanges(chat.id))
        return {self._parts.mail: mail_html(file_name(chat.title), text)}

    def settle(self, where: str, request: gr.Request, event: gr.EventData) -> Update:
        """Change the answer options of a conversation."""
        options = self._policy.nearest(event._data)
        talk = self._talk(request, chat_id(where), options)
        with suppress(FootnoteError):  # the list says that nothing can be kept
            talk.kept.store_options(talk.id, asdict(options))
        return self._shown.gist(options)

    # --- asking

    def ask(
        self,
        question: str,
        exchanges: Exchanges,
        where: str,
        options: AnswerOptions | None,
        request: gr.Request,
    ) -> Iterator[Update]:
        """Answer a question, showing the answer as it is written and then as it was checked."""
        question = question.strip()[:QUESTION_CHARACTERS]
        if not question:
            return
        talk = self._talk(request, chat_id(where) or new_chat(), options)
        # An open page outlives the server that answered it.
        past = (exchanges or talk.exchanges())[1 - KEPT :]
        number = int(past[-1].key[1:]) + 1 if past else 1
        now = Exchange(f"t{number}", question)
        yield from self._answer(now, past, talk, request.session_hash)

    def pose(
        self,
        exchanges: Exchanges,
        where: str,
        options: AnswerOptions | None,
        request: gr.Request,
        event: gr.EventData,
    ) -> Iterator[Update]:
        """Ask a question that was offered."""
        yield from self.ask(event._data["question"], exchanges, where, options, request)

    def again(
        self,
        exchanges: Exchanges,
        where: str,
        options: AnswerOptions | None,
        request: gr.Request,
        event: gr.EventData,
    ) -> Iterator[Update]:
        """Answer the last question anew, from now on by another composer if one is named."""
        talk = self._talk(request, chat_id(where), options)
        if event._data and "composer" in event._data:
            options = self._policy.nearest({**asdict(talk.options), **event._data})
            talk = replace(talk, options=options)
            yield self._shown.settings(options)
        if exchanges := exchanges or talk.exchanges():
            now = Exchange(exchanges[-1].key, exchanges[-1].question)
            yield from self._answer(now, exchanges[:-1], talk, request.session_hash)

    def stop(self, exchanges: Exchanges, where: str, request: gr.Request) -> Update:
        """End the running answer; what was written stays, marked as stopped."""
        self._runs.halt(request.session_hash)
        talk = self._talk(request, chat_id(where))
        if exchanges and exchanges[-1].running:
            return self._end((*exchanges[:-1], replace(exchanges[-1], fault=STOPPED)), talk)
        # What the page told may be a step behind what is cancelled, which keeps itself.
        kept = talk.exchanges()
        if kept and kept[-1].fault == STOPPED:
            return self._ready(kept, talk)
        return {self._parts.box: _READY}

    def _answer(
        self, now: Exchange, past: Exchanges, talk: Talk, page: str | None
    ) -> Iterator[Update]:
        """The page at every step of an answer, which is kept in the end."""
        yield {
            self._parts.box: gr.update(value="", submit_btn=False, stop_btn="Stop"),
            self._parts.offers: "",
            self._parts.where: where_html(talk.id),
            **self._shown.exchanges((*past, now)),
        }
        try:
            running = steps(self._answers, now, past, talk.options)
            for step in self._runs.follow(page, running):
                now = step
                if now.running:
                    yield self._shown.exchanges((*past, now))
        except GeneratorExit:  # the reader left
            self._keep(replace(now, fault=now.fault or STOPPED), talk)
            raise
        if now.running:  # it was halted, and the page shows something else by now
            self._keep(replace(now, fault=STOPPED), talk)
        yield {} if now.running else self._end((*past, now), talk)

    def _end(self, exchanges: Exchanges, talk: Talk) -> Update:
        """The page with an answer that is complete."""
        self._keep(exchanges[-1], talk)
        return self._ready(exchanges, talk)

    def _ready(self, exchanges: Exchanges, talk: Talk) -> Update:
        """A conversation whose next question can be asked."""
        return {
            self._parts.box: _READY,
            **self._shown.exchanges(exchanges),
            **self._shown.chats(talk),
        }

    def _keep(self, exchange: Exchange, talk: Talk) -> None:
        with suppress(FootnoteError):  # the list says that nothing can be kept
            talk.kept.keep(talk.id, exchange)
            if talk.options != self._policy.default:
                talk.kept.store_options(talk.id, asdict(talk.options))

    def rate(
        self, exchanges: Exchanges, where: str, request: gr.Request, event: gr.EventData
    ) -> Update:
        """Note what a reader thinks of an answer, and why."""
        talk, said = self._talk(request, chat_id(where)), event._data
        exchanges = exchanges or talk.exchanges()
        at = next(at for at, each in enumerate(exchanges) if each.key == said["turn"])
        rating = said.get("rating") or exchanges[at].rating
        rated = replace(exchanges[at], rating=rating, reason=said.get("reason", ""))
        if rated.answer and rating in ("up", "down"):
            turns = history(exchanges[:at])
            try:
                feedback.rate(self._data, rated.answer, turns, rating, rated.reason)
                talk.kept.keep(talk.id, rated)
            except FootnoteError as error:
                return {self._parts.chats: fault_html(error)}
        return self._shown.exchanges((*exchanges[:at], rated, *exchanges[at + 1 :]))

    # --- what is shown

    def _talk(
        self, request: gr.Request, chat: str = "", options: AnswerOptions | None = None
    ) -> Talk:
        """A conversation of the caller's, answered as it says, or as was settled, or as usual."""
        kept = History(self._data, caller(request).id)
        if options is None:
            try:
                options = self._policy.nearest(kept.options(chat))
            except FootnoteError:
                options = self._policy.default
        return Talk(chat, kept, options)

    def _chat(self, talk: Talk) -> Update:
        """The page with a kept conversation, or empty if there is no such one."""
        exchanges = as_of_now(self._answers, talk.exchanges())
        talk = talk if exchanges else replace(talk, id="")
        return {
            **self._ready(exchanges, talk),
            self._parts.offers: "" if talk.id else self._shelf.offered,
            self._parts.where: where_html(talk.id),
            **self._shown.settings(talk.options),
        }


def mount(app: FastAPI, service: Service, settings: Settings) -> None:
    """Put the chat page at `/` of an application; routes that it already has come first."""
    gr.mount_gradio_app(
        app,
        ChatPage(service, settings).blocks,
        path="/",
        theme=_theme(),
        head=_head(),
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


def _head() -> str:
    """What the page loads of ours."""
    styles = (f'<link rel="stylesheet" href="{page_url(n)}">' for n in STYLES)
    scripts = (f'<script src="{page_url(name)}" defer></script>' for name in SCRIPTS)
    return "\n".join(
        [
            '<meta name="color-scheme" content="light dark">',
            f'<link rel="icon" href="{page_url("icon.svg")}" type="image/svg+xml">',
            *styles,
            *scripts,
        ]
    )


def _theme() -> Base:
    """Paper and ink; the fonts and the rest are in chat.css."""
    return Base(
        primary_hue=colors.stone,
        neutral_hue=colors.stone,
        font=["Footnote Sans", "system-ui", "sans-serif"],
        font_mono=["ui-monospace", "monospace"],
    )

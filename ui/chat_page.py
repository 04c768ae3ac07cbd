"""What the chat page does: conversations, answers and what readers think of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any

import gradio as gr

from index.errors import FootnoteError
from rag.engine import Engine
from rag.settings import Settings
from ui import feedback
from ui.answering import as_of_now, history, steps
from ui.chat_parts import Parts
from ui.chat_shelf import ShelfActs
from ui.chats import acts_html, chats_html
from ui.conversation import Exchange, exchange_html, sources_html
from ui.export import as_markdown, file_name
from ui.history import History, new_chat
from ui.library import Library
from ui.limits import QUESTION_CHARACTERS
from ui.page_words import (
    NO_SOURCES,
    STOPPED,
    WHERE_FROM_ADDRESS,
    chat_id,
    fault_html,
    mail_html,
    welcome_html,
    where_html,
)

KEPT = 50  # exchanges that stay on the page
_READY = gr.update(submit_btn="Ask", stop_btn=False)

Update = dict[Any, Any]  # new values by component, as Gradio takes them
Exchanges = tuple[Exchange, ...]


class ChatPage:
    """What the page's components do."""

    def __init__(self, engine: Engine, library: Library, settings: Settings) -> None:
        self._engine = engine
        self._data = settings.data
        self._history = History(settings.data)
        self._welcome = welcome_html(settings)
        with gr.Blocks(title="Footnote", analytics_enabled=False, fill_width=True) as self.blocks:
            self._parts = Parts(self._welcome)
            self._shelf = ShelfActs(self._parts, engine, library)
            self._connect()
        self.blocks.queue(max_size=32, default_concurrency_limit=4, api_open=False)

    def _connect(self) -> None:
        parts = self._parts
        here = [parts.exchanges, parts.where]
        talk = [parts.past, parts.now, parts.sources, parts.exchanges]
        page = [*talk, parts.box, parts.offers, parts.chats, parts.where]
        panel = [parts.shelf, parts.summary]
        private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        opened = self.blocks.load(
            self.open, [parts.where], [*page, *panel], js=WHERE_FROM_ADDRESS, **private
        )
        opened.then(self._shelf.offer, here, [parts.offers], **private)
        runs: list[Any] = [
            parts.box.submit(self.ask, [parts.box, *here], page, **private),
            parts.offers.pose(self.pose, here, page, **private),
            parts.now.again(self.again, here, page, **private),
        ]
        parts.box.stop(self.stop, here, page, cancels=runs, **private)
        parts.fresh.click(self.restart, None, page, cancels=runs, **private)
        parts.chats.choose(self.choose, None, page, cancels=runs, **private)
        parts.chats.forget(self.forget, here, page, **private)
        parts.chats.retitle(self.retitle, here, [parts.chats], **private)
        parts.chats.export(self.export, None, [parts.mail], **private)
        for said in (parts.past, parts.now):
            said.rate(self.rate, here, [*talk, parts.chats], **private)
            said.explain(self.rate, here, [*talk, parts.chats], **private)
        parts.shelf.look(self._shelf.look, None, panel, **private)
        parts.shelf.discard(self._shelf.discard, None, panel, **private)
        parts.shelf.about(self._shelf.about, None, [parts.offers], **private)

    # --- opening and leaving conversations

    def open(self, where: str) -> Update:
        """What a fresh page shows: the conversation that its address names, and the documents."""
        return {**self._chat(chat_id(where)), **self._shelf.look()}

    def choose(self, event: gr.EventData) -> Update:
        """A kept conversation, as it was."""
        return self._chat(event._data["chat"])

    def restart(self) -> Update:
        """An empty page."""
        return self._chat("")

    def forget(self, exchanges: Exchanges, where: str, event: gr.EventData) -> Update:
        """Delete a conversation; an empty page if it was this one."""
        self._history.delete(event._data["chat"])
        chat = chat_id(where)
        return self._chat("") if event._data["chat"] == chat else self._list(chat)

    def retitle(self, exchanges: Exchanges, where: str, event: gr.EventData) -> Update:
        """Give a conversation another title."""
        self._history.rename(event._data["chat"], event._data["title"])
        return self._list(chat_id(where))

    def export(self, event: gr.EventData) -> Update:
        """A conversation as a file to save."""
        chat = self._history.chat(event._data["chat"])
        if chat is None:
            return {self._parts.mail: ""}
        text = as_markdown(chat.title, self._history.exchanges(chat.id))
        return {self._parts.mail: mail_html(file_name(chat.title), text)}

    # --- asking

    def ask(self, question: str, exchanges: Exchanges, where: str) -> Iterator[Update]:
        """Answer a question, showing the answer as it is written and then as it was checked."""
        question = question.strip()[:QUESTION_CHARACTERS]
        if not question:
            return
        chat = chat_id(where) or new_chat()
        # An open page outlives the server that answered it.
        past = (exchanges or self._kept(chat))[1 - KEPT :]
        number = int(past[-1].key[1:]) + 1 if past else 1
        yield from self._answer(Exchange(f"t{number}", question), past, chat)

    def pose(self, exchanges: Exchanges, where: str, event: gr.EventData) -> Iterator[Update]:
        """Ask a question that was offered."""
        yield from self.ask(event._data["question"], exchanges, where)

    def again(self, exchanges: Exchanges, where: str) -> Iterator[Update]:
        """Answer the last question anew."""
        chat = chat_id(where)
        if exchanges := exchanges or self._kept(chat):
            now = Exchange(exchanges[-1].key, exchanges[-1].question)
            yield from self._answer(now, exchanges[:-1], chat)

    def stop(self, exchanges: Exchanges, where: str) -> Update:
        """End the running answer; what was written stays, marked as stopped."""
        chat = chat_id(where)
        if exchanges and exchanges[-1].running:
            return self._end((*exchanges[:-1], replace(exchanges[-1], fault=STOPPED)), chat)
        # What the page told may be a step behind what is cancelled, which keeps itself.
        kept = self._kept(chat)
        if kept and kept[-1].fault == STOPPED:
            return {self._parts.box: _READY, **self._show(kept), **self._list(chat)}
        return {self._parts.box: _READY}

    def _answer(self, now: Exchange, past: Exchanges, chat: str) -> Iterator[Update]:
        """The page at every step of an answer, which is kept in the end."""
        yield {
            self._parts.box: gr.update(value="", submit_btn=False, stop_btn="Stop"),
            self._parts.offers: "",
            self._parts.where: where_html(chat),
            **self._show((*past, now)),
        }
        try:
            for step in steps(self._engine, now, past):
                now = step
                if now.running:
                    yield self._show((*past, now))
        except GeneratorExit:  # the reader left
            with suppress(FootnoteError):
                self._history.keep(chat, replace(now, fault=now.fault or STOPPED))
            raise
        yield self._end((*past, now), chat)

    def _end(self, exchanges: Exchanges, chat: str) -> Update:
        """The page with an answer that is complete."""
        with suppress(FootnoteError):  # the list says that nothing can be kept
            self._history.keep(chat, exchanges[-1])
        return {self._parts.box: _READY, **self._show(exchanges), **self._list(chat)}

    # --- rating

    def rate(self, exchanges: Exchanges, where: str, event: gr.EventData) -> Update:
        """Note what a reader thinks of an answer, and why."""
        chat, said = chat_id(where), event._data
        exchanges = exchanges or self._kept(chat)
        at = next(at for at, each in enumerate(exchanges) if each.key == said["turn"])
        rating = said.get("rating") or exchanges[at].rating
        rated = replace(exchanges[at], rating=rating, reason=said.get("reason", ""))
        if rated.answer and rating in ("up", "down"):
            turns = history(exchanges[:at])
            try:
                feedback.rate(self._data, rated.answer, turns, rating, rated.reason)
                self._history.keep(chat, rated)
            except FootnoteError as error:
                return {self._parts.chats: fault_html(error)}
        return self._show((*exchanges[:at], rated, *exchanges[at + 1 :]))

    # --- what is shown

    def _chat(self, chat: str) -> Update:
        """The page with a kept conversation, or empty if there is no such one."""
        exchanges = as_of_now(self._engine, self._kept(chat))
        chat = chat if exchanges else ""
        return {
            **self._show(exchanges),
            **self._list(chat),
            self._parts.box: _READY,
            self._parts.offers: "" if chat else self._shelf.offered,
            self._parts.where: where_html(chat),
        }

    def _kept(self, chat: str) -> Exchanges:
        """A conversation as it is kept; without its file there is none."""
        try:
            return self._history.exchanges(chat)[-KEPT:]
        except FootnoteError:
            return ()

    def _list(self, chat: str) -> Update:
        try:
            shown = chats_html(self._history.chats(), chat, datetime.now())
        except FootnoteError as error:
            shown = fault_html(error)
        return {self._parts.chats: shown}

    def _show(self, exchanges: Exchanges) -> Update:
        past = [exchange_html(each) + acts_html(each, is_last=False) for each in exchanges[:-1]]
        now = [exchange_html(each) + acts_html(each, is_last=True) for each in exchanges[-1:]]
        return {
            self._parts.past: "".join(past),
            self._parts.now: "".join(now) or self._welcome,
            self._parts.sources: sources_html(exchanges, NO_SOURCES),
            self._parts.exchanges: exchanges,
        }

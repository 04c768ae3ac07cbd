"""Event handlers of the chat page: conversations, answers and ratings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from itertools import takewhile
from typing import Any

import gradio as gr

from index.errors import FootnoteError
from rag.llm.running import offered_servers
from rag.settings import Settings
from ui.page.components import PageComponents, with_choice
from ui.page.documents_panel import DocumentsPanel, Update, caller
from ui.page.exchanges import (
    MAX_EXCHANGES,
    Conversation,
    Exchanges,
    Following,
    previous_turns,
    with_outdated,
)
from ui.page.html_conversation import (
    CHAT_ID_FROM_URL,
    INTERRUPTED,
    chat_id_html,
    download_html,
    error_html,
    parse_chat_id,
    welcome_html,
)
from ui.page.html_panels import options_form_html, scope_html
from ui.page.markdown_export import as_markdown, file_name
from ui.page.running import Place, RunningAnswer, RunningAnswers
from ui.page.source_cards import tables_of
from ui.page.updates import PageUpdates
from ui.service import history as feedback
from ui.service.history import Exchange, History, new_chat
from ui.service.settings import QUESTION_CHARACTERS
from ui.wiring import Service

_FOLLOWED = 32  # pages that follow an answer which they did not ask for
_IN_ORDER: dict[str, Any] = {"trigger_mode": "multiple", "concurrency_limit": 1}
_READY = gr.update(submit_btn="Ask", stop_btn=False)


class ChatPage:
    """The page and its event handlers.

    `chat_id` is always HTML that holds the id of the open conversation, as the page has it, and
    `choice` the answer options that it shows, as JSON: "" before it has any.
    """

    def __init__(self, service: Service, settings: Settings) -> None:
        self._access = service.access
        self._policy = service.options_policy
        self._data, self._database = settings.data, service.database
        self._running = RunningAnswers()
        self._following = Following()
        # Where tokens are asked for, readers need not know what runs beside the server.
        welcome = welcome_html(settings, () if service.tokens else offered_servers(settings))
        with gr.Blocks(title="Footnote", analytics_enabled=False, fill_width=True) as self.blocks:
            form = options_form_html(service.options_policy)
            self._components = PageComponents(welcome, form)
            self._updates = PageUpdates(
                self._components, service.options_policy, welcome, tables_of(service.answers)
            )
            self._documents = DocumentsPanel(self._components, service)
            self._connect()
        self.blocks.queue(max_size=32, default_concurrency_limit=4, api_open=False)

    def _connect(self) -> None:
        """Bind the components' events to the handlers, with their inputs and outputs."""
        page = self._components
        state = [page.exchanges, page.chat_id]
        panel = [page.documents, page.summary, page.suggestions]
        answers = [page.past, page.current, page.sources, page.exchanges]
        everything = [
            *answers, page.question, page.chats, page.chat_id, page.options_summary, page.choice,
            page.scope, *panel,
        ]  # fmt: skip
        private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        asking = _given(page.choice, *state)
        opened = self.blocks.load(
            self.load, [page.chat_id], everything, js=CHAT_ID_FROM_URL, **private
        )
        chosen = _given(page.choice, page.chat_id)
        indexed = page.documents.indexed(self.load, outputs=everything, **chosen, **private)
        for there in (opened, indexed):
            there.then(self._documents.suggest_examples, outputs=panel, **asking, **private)
        followed: dict[str, Any] = {**private, "concurrency_limit": _FOLLOWED}
        answered = {**asking, **private, "outputs": everything}
        runs: list[Any] = [
            page.question.submit(self.ask, **answered | _given(page.choice, page.question, *state)),
            page.suggestions.ask_suggested(self.ask_suggested, **answered),
            page.current.ask_again(self.ask_again, **answered),
            *(each.edit(self.edit, **answered) for each in (page.past, page.current)),
            opened.then(self.follow, [page.chat_id], everything, **followed),
        ]
        next_questions = {**asking, **private, "outputs": [page.suggestions]}
        for run in runs:
            run.then(self._documents.suggest_next, **next_questions)
        ending = {**private, "cancels": runs}
        stopped = page.question.stop(self.stop, state, everything, **ending)
        stopped.then(self.stop, state, everything, **private)  # over a step that came late
        page.new_chat.new_chat(self.new_chat, None, everything, **ending)
        shown = page.chats.open_chat(self.open_chat, None, everything, **ending)
        shown = shown.then(self.follow, [page.chat_id], everything, **followed)
        shown.then(self._documents.suggest_next, **next_questions)
        page.chats.delete_chat(self.delete_chat, [page.chat_id], everything, **private)
        for answer in (page.past, page.current):
            answer.rate(self.rate, state, [*answers, page.chats], **private)
            answer.give_reason(self.rate, state, [*answers, page.chats], **private)
        self._connect_choice(panel, asking, private)
        self._connect_lists(panel, private)

    def _connect_choice(
        self, panel: list[gr.HTML], asking: dict[str, Any], private: dict[str, Any]
    ) -> None:
        """Bind what changes that by which the next question is asked, one change after another."""
        page = self._components
        changed = {
            **_given(page.choice, page.chat_id, page.latest_choice),
            **private,
            **_IN_ORDER,
            "outputs": [page.latest_choice, page.scope, *panel],
            "concurrency_id": "choices",
        }
        page.choice.choose(self.choose, **changed)
        collected = page.choice.choose_collection(self.choose, **changed)
        collected.then(self._documents.suggest_examples, outputs=panel, **asking, **private)

    def _connect_lists(self, panel: list[gr.HTML], private: dict[str, Any]) -> None:
        """Bind the events of lists that change nothing else: conversations, and the documents."""
        page = self._components
        found = {**private, **_IN_ORDER}
        page.find.find_chats(self.find_chats, [page.chat_id], [page.chats], **found)
        page.chats.rename_chat(self.rename_chat, [page.chat_id], [page.chats], **private)
        page.chats.export_chat(self.export_chat, None, [page.download], **private)
        listed = {**_given(page.choice), **private, "outputs": panel}
        page.documents.refresh(self._documents.refresh, **listed)
        page.documents.delete_document(self._documents.delete, **listed)
        page.documents.suggest(self._documents.suggest_about, None, [page.suggestions], **private)

    # --- opening and leaving conversations

    def load(self, chat_id: str, request: gr.Request, choice: str | None = None) -> Update:
        """A page that opens, or whose documents have been read for the first time: all of it but
        what it shows as chosen.
        """
        conversation = self._conversation(request, parse_chat_id(chat_id), choice)
        update = {
            **self._open(conversation, request),
            **self._documents.of(conversation.options, request),
        }
        if choice:
            del update[self._components.choice]
        return update

    def open_chat(self, request: gr.Request, event: gr.EventData) -> Update:
        """A stored conversation."""
        self._following.leave(request.session_hash)
        return self._open(self._conversation(request, event._data["chat"]), request)

    def new_chat(self, request: gr.Request) -> Update:
        """An empty page."""
        self._following.leave(request.session_hash)
        return self._open(self._conversation(request), request)

    def delete_chat(self, chat_id: str, request: gr.Request, event: gr.EventData) -> Update:
        """Delete a conversation; an empty page if it was the open one."""
        conversation = self._conversation(request, parse_chat_id(chat_id))
        for running in self._running.of((conversation.history.owner, event._data["chat"])).values():
            running.drop()
        conversation.history.delete(event._data["chat"])
        if event._data["chat"] == conversation.id:
            return self.new_chat(request)
        return self._updates.chats(conversation)

    def find_chats(self, chat_id: str, request: gr.Request, event: gr.EventData) -> Update:
        """The conversations that hold some words, all of them for ""."""
        conversation = self._conversation(request, parse_chat_id(chat_id))
        return self._updates.chats(conversation, str(event._data.get("words", ""))[:200])

    def rename_chat(self, chat_id: str, request: gr.Request, event: gr.EventData) -> Update:
        """Give a conversation another title."""
        conversation = self._conversation(request, parse_chat_id(chat_id))
        conversation.history.rename(event._data["chat"], event._data["title"])
        return self._updates.chats(conversation)

    def export_chat(self, request: gr.Request, event: gr.EventData) -> Update:
        """A conversation as a Markdown file to save."""
        history = self._conversation(request).history
        chat = history.chat(event._data["chat"])
        if chat is None:
            return {self._components.download: ""}
        text = as_markdown(chat.title, history.exchanges(chat.id))
        return {self._components.download: download_html(file_name(chat.title), text)}

    def choose(
        self,
        chat_id: str,
        latest: Mapping[str, int],
        choice: str | None,
        request: gr.Request,
        event: gr.EventData,
    ) -> Update:
        """Keep what a page asks by from now on, and show what follows from it.

        Of quick changes an earlier one may come after a later one: then it changes only what that
        one does not, of `latest`, the numbers of the last changes by what they changed.
        """
        number = event._data["number"]
        current = {each for each in event._data["changed"] if number > latest.get(each, 0)}
        conversation = self._conversation(request, parse_chat_id(chat_id), choice)
        update: Update = {
            self._components.latest_choice: {**latest, **dict.fromkeys(current, number)}
        }
        if "choice" in current:
            self._store_options(conversation)
        if "collections" in current:
            update |= self._scoped(conversation, request)
        if "filters" in current:
            update[self._components.suggestions] = ""
        return update

    # --- asking

    def ask(
        self,
        question: str,
        exchanges: Exchanges,
        chat_id: str,
        choice: str | None,
        request: gr.Request,
    ) -> Iterator[Update]:
        """Answer a question, showing the answer as it is written and then as it was checked."""
        question = question.strip()
        if not question:
            yield self._nothing()
            return
        if len(question) > QUESTION_CHARACTERS:
            yield {self._components.suggestions: error_html(_too_long(question))}
            return
        conversation = self._conversation(request, parse_chat_id(chat_id) or new_chat(), choice)
        try:
            exchange = conversation.history.begin(conversation.id, question)
        except FootnoteError:  # the list of conversations says that nothing can be stored
            exchange = Exchange(f"t{exchanges[-1].number + 1 if exchanges else 1}", question)
        yield from self._answer(exchange, exchanges, conversation, request.session_hash)

    def ask_suggested(
        self,
        exchanges: Exchanges,
        chat_id: str,
        choice: str | None,
        request: gr.Request,
        event: gr.EventData,
    ) -> Iterator[Update]:
        """Ask a suggested question."""
        yield from self.ask(event._data["question"], exchanges, chat_id, choice, request)

    def ask_again(
        self,
        exchanges: Exchanges,
        chat_id: str,
        choice: str | None,
        request: gr.Request,
    ) -> Iterator[Update]:
        """Answer the last question anew."""
        conversation = self._conversation(request, parse_chat_id(chat_id), choice)
        if exchanges := exchanges or conversation.exchanges():
            exchange = Exchange(exchanges[-1].key, exchanges[-1].question)
            yield from self._answer(exchange, exchanges, conversation, request.session_hash)
        else:
            yield self._nothing()

    def edit(
        self,
        exchanges: Exchanges,
        chat_id: str,
        choice: str | None,
        request: gr.Request,
        event: gr.EventData,
    ) -> Iterator[Update]:
        """Ask another question in place of one: in a new conversation with what was before it."""
        before = self._conversation(request, parse_chat_id(chat_id), choice)
        past = exchanges or before.exchanges()
        kept = tuple(takewhile(lambda each: each.key != event._data["turn"], past))
        self._following.leave(request.session_hash)
        chat = replace(before, id=new_chat())
        with suppress(FootnoteError):  # the list of conversations says that nothing can be stored
            for exchange in kept:
                chat.history.keep(chat.id, exchange)
        question = event._data["question"]
        yield from self.ask(question, kept, chat_id_html(chat.id), choice, request)

    def stop(self, exchanges: Exchanges, chat_id: str, request: gr.Request) -> Update:
        """End the running answers; what was written stays, marked as stopped."""
        conversation = self._conversation(request, parse_chat_id(chat_id))
        running = self._running.of(_place(conversation)).values()
        for each in running:
            each.cancel()
        self._following.leave(request.session_hash)
        # The page's state may be a step behind the answer.
        stored = self._stored(conversation, exchanges)
        if stored or not running:
            return (
                self._ready(stored, conversation) if stored else {self._components.question: _READY}
            )
        return self._ready((*exchanges[:-1], *(each.exchange for each in running)), conversation)

    def follow(self, chat_id: str, request: gr.Request) -> Iterator[Update]:
        """The answer that is being made in a conversation that was opened, if there is one."""
        conversation = self._conversation(request, parse_chat_id(chat_id))
        *_, running = [None, *self._running.of(_place(conversation)).values()]
        if running:
            shown = with_outdated(conversation.readable, self._stored(conversation))
            yield from self._follow(running, shown, conversation, request.session_hash)
        else:
            yield self._nothing()

    def _nothing(self) -> Update:
        """A step that changes nothing: without one, or with an empty one, Gradio empties all."""
        return {self._components.question: gr.update()}

    def _answer(
        self, exchange: Exchange, shown: Exchanges, conversation: Conversation, page: str | None
    ) -> Iterator[Update]:
        """The page at every step of an answer, which goes on without it."""
        self._store_options(conversation)
        past = self._before(exchange, shown, conversation)
        running = self._running.start(
            _place(conversation),
            exchange,
            lambda done: self._store(done, conversation),
            conversation.answers,
            past,
            conversation.options,
        )
        yield from self._follow(running, past, conversation, page)

    def _follow(
        self, running: RunningAnswer, shown: Exchanges, conversation: Conversation, page: str | None
    ) -> Iterator[Update]:
        """The page at every step of a running answer, and when it is complete."""
        exchange = running.exchange
        past = self._before(exchange, shown, conversation)
        yield {
            self._components.question: gr.update(value="", submit_btn=False, stop_btn="Stop"),
            self._components.suggestions: "",
            self._components.chat_id: chat_id_html(conversation.id),
            **self._updates.exchanges((*past, exchange), conversation.options),
        }
        for exchange in self._following.until_left(page, running.follow()):
            if exchange.running:
                yield self._updates.exchanges((*past, exchange), conversation.options)
        if not exchange.running:
            self._store(exchange, conversation)
            now = self._stored(conversation, past) or (*past, exchange)
            yield self._ready(now, conversation)

    def _before(
        self, exchange: Exchange, shown: Exchanges, conversation: Conversation
    ) -> Exchanges:
        """The exchanges before one: those that are stored, also by another page, or are shown."""
        past = self._stored(conversation, shown) or shown
        return tuple(each for each in past if each.number < exchange.number)[1 - MAX_EXCHANGES :]

    def _stored(self, conversation: Conversation, shown: Exchanges = ()) -> Exchanges:
        """The stored exchanges, those that are running as far as they have come."""
        running = self._running.of(_place(conversation))
        outdated = {each.key: each.outdated for each in shown}

        def now(stored: Exchange) -> Exchange:
            known = replace(stored, outdated=outdated.get(stored.key, {}))
            if not stored.running:
                return known
            alive = running.get(stored.key)
            return alive.exchange if alive else replace(known, fault=INTERRUPTED)

        return tuple(map(now, conversation.exchanges()))

    def _ready(self, exchanges: Exchanges, conversation: Conversation) -> Update:
        """A conversation whose next question can be asked."""
        return {
            self._components.question: _READY,
            **self._updates.exchanges(exchanges, conversation.options),
            **self._updates.chats(conversation),
        }

    def _store(self, exchange: Exchange, conversation: Conversation) -> None:
        with suppress(FootnoteError):  # the list of conversations says that nothing can be stored
            conversation.history.finish(conversation.id, exchange)

    def _store_options(self, conversation: Conversation) -> None:
        with suppress(FootnoteError):  # the list of conversations says that nothing can be stored
            conversation.history.store_options(conversation.id, asdict(conversation.options))

    def rate(
        self, exchanges: Exchanges, chat_id: str, request: gr.Request, event: gr.EventData
    ) -> Update:
        """Store the rating of an answer, and its reason."""
        conversation, given = self._conversation(request, parse_chat_id(chat_id)), event._data
        exchanges = exchanges or conversation.exchanges()
        at = next(at for at, each in enumerate(exchanges) if each.key == given["turn"])
        rating = given.get("rating") or exchanges[at].rating
        rated = replace(exchanges[at], rating=rating, reason=given.get("reason", ""))
        if rated.answer and rating in ("up", "down"):
            turns = previous_turns(exchanges[:at])
            try:
                store = self._database or self._data
                feedback.rate(store, rated.answer, turns, rating, rated.reason)
                conversation.history.keep(conversation.id, rated)
            except FootnoteError as error:
                return {self._components.chats: error_html(error)}
        exchanges = (*exchanges[:at], rated, *exchanges[at + 1 :])
        return self._updates.exchanges(exchanges, conversation.options)

    # --- conversations

    def _conversation(
        self, request: gr.Request, chat: str = "", choice: str | None = None
    ) -> Conversation:
        """A conversation of the caller's, with the options that its page shows, or its stored ones,
        or defaults.
        """
        reader = caller(request)
        history = History(self._data, reader.id, self._database)
        options = self._policy.chosen(choice)
        if options is None:
            try:
                options = self._policy.nearest(history.options(chat))
            except FootnoteError:
                options = self._policy.default
        known = self._access.names(reader)  # a collection may be gone, or not be theirs any more
        options = replace(
            options, collections=tuple(name for name in options.collections if name in known)
        )
        answers = self._access.answers(reader, options.collections)
        return Conversation(chat, history, options, answers, self._access.answers(reader))

    def _open(self, conversation: Conversation, request: gr.Request) -> Update:
        """The page with a stored conversation, or empty if it is not stored."""
        exchanges = with_outdated(conversation.readable, self._stored(conversation))
        conversation = conversation if exchanges else replace(conversation, id="")
        return {
            **self._ready(exchanges, conversation),
            self._components.suggestions: ""
            if conversation.id
            else self._documents.known_examples(conversation.options, request),
            self._components.chat_id: chat_id_html(conversation.id),
            **self._updates.options(conversation.options),
            **self._scoped(conversation, request),
        }

    def _scoped(self, conversation: Conversation, request: gr.Request) -> Update:
        """What shows the collections that are asked; nothing where there are none to choose of."""
        names = self._access.names(caller(request))
        try:
            paths = [info.path for info in conversation.answers.documents() if not info.failure]
        except FootnoteError:  # the panel says why
            paths = []
        panel = self._documents.of(conversation.options, request) if len(names) > 1 else {}
        return {self._components.scope: scope_html(names, paths), **panel}


def _given(choice: gr.HTML, *inputs: Any) -> dict[str, Any]:
    """These inputs of an event, and last what the page shows to be asked by."""
    return {"inputs": [*inputs, choice], "js": with_choice(len(inputs) + 1)}


def _place(conversation: Conversation) -> Place:
    return conversation.history.owner, conversation.id


def _too_long(question: str) -> FootnoteError:
    return FootnoteError(
        f"A question may have {QUESTION_CHARACTERS:,} characters, and this has {len(question):,}: "
        "shorten it, or add the text as a document."
    )

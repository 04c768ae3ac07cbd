"""Event handlers of the documents panel, and of suggested questions."""

from __future__ import annotations

import threading
from typing import Any
from urllib.parse import unquote

import gradio as gr

from index.errors import BeingIndexed, FootnoteError
from rag.suggestions.follow_ups import cited_in, follow_ups
from rag.suggestions.suggest import example_questions, questions_about
from rag.types import AskOptions
from ui.http.auth import caller_of
from ui.page.components import PageComponents
from ui.page.exchanges import Exchanges, previous_turns
from ui.page.html_conversation import error_html, parse_chat_id
from ui.page.html_panels import (
    documents_html,
    first_index_html,
    follow_ups_html,
    suggestions_html,
    summary_html,
)
from ui.service.answer_options import AnswerOptions
from ui.service.tokens import Caller
from ui.wiring import Service

_EXAMPLES = 4
Update = dict[Any, Any]  # new values by component, as Gradio takes them


def caller(request: gr.Request) -> Caller:
    """Who opened the page that sends an event."""
    assert request.request
    return caller_of(request.request.scope)


class DocumentsPanel:
    """The panel over the service's libraries."""

    def __init__(self, components: PageComponents, service: Service) -> None:
        self._components = components
        self._access = service.access
        self._policy = service.options_policy
        self._readers = service.answers
        self._suggesting = service.apart
        self._generating = threading.Lock()
        # For the collections of a reader: questions as HTML, and their generation.
        self._examples = dict[tuple[str, ...], tuple[int, str]]()

    def refresh(self, choice: str | None, request: gr.Request) -> Update:
        """The documents as they are now, of the collections that a page shows as chosen."""
        return self.of(self._policy.chosen(choice), request)

    def of(self, options: AnswerOptions | None, request: gr.Request) -> Update:
        """The documents as they are now, of the collections of these options."""
        try:
            state = self._access.state(caller(request), self._chosen(options, request))
        except FootnoteError as error:
            return {self._components.documents: "", self._components.summary: error_html(error)}
        first = state.sync.first and not state.documents
        return {
            self._components.documents: documents_html(state),
            self._components.summary: summary_html(state),
            **({self._components.suggestions: first_index_html(state.sync)} if first else {}),
        }

    def delete(self, choice: str | None, request: gr.Request, event: gr.EventData) -> Update:
        """Delete a document."""
        try:
            located = self._access.locate(caller(request), unquote(event._data["document"]))
            located.library.remove(located.path)
        except FootnoteError as error:
            update = self.refresh(choice, request)
            html = error_html(error) + update[self._components.documents]
            return {**update, self._components.documents: html}
        return self.refresh(choice, request)

    def known_examples(self, options: AnswerOptions | None, request: gr.Request) -> str:
        """Questions to start with, as far as they are made."""
        return self._examples.get(self._chosen(options, request), (0, ""))[1]

    def suggest_examples(
        self,
        exchanges: Exchanges,
        chat_id: str,
        choice: str | None,
        request: gr.Request,
    ) -> Update:
        """Questions to start with on an empty page, and to go on with in a conversation."""
        if parse_chat_id(chat_id):
            return self.suggest_next(exchanges, chat_id, choice, request)
        options = self._policy.chosen(choice)
        chosen = self._chosen(options, request)
        with self._generating:  # pages that open at once wait for the same questions
            try:
                engine = self._suggesting.answers(caller(request), chosen)
                generation = engine.generation
                if self._examples.get(chosen, (0, ""))[0] != generation:
                    html = suggestions_html(example_questions(engine, _EXAMPLES))
                    self._examples[chosen] = generation, html
            except BeingIndexed:
                return self.of(options, request)
            except FootnoteError:
                self._examples.pop(chosen, None)
        return {self._components.suggestions: self.known_examples(options, request)}

    def suggest_next(
        self,
        exchanges: Exchanges,
        chat_id: str,
        choice: str | None,
        request: gr.Request,
    ) -> Update:
        """Questions to ask after the last answer; none while somebody waits for an answer.

        What an empty page shows stays: the questions to start with.
        """
        if not parse_chat_id(chat_id):
            return {self._components.suggestions: gr.skip()}
        last = exchanges[-1] if exchanges else None
        if last is None or last.answer is None or last.turn is None:
            return {self._components.suggestions: ""}
        found, options = list[str](), self._policy.chosen(choice)
        try:
            engine = self._suggesting.answers(caller(request), self._chosen(options, request))
            found = follow_ups(
                engine,
                previous_turns(exchanges),
                cited_in(last.answer),
                AskOptions(filters=options.filters) if options else AskOptions(),
                lambda: not self._readers.running,
            )
        except FootnoteError:  # a document that is gone, or too much to do
            pass
        html = follow_ups_html(found, parse_chat_id(chat_id), last.key)
        return {self._components.suggestions: html}

    def suggest_about(self, request: gr.Request, event: gr.EventData) -> Update:
        """Questions about a document."""
        path = unquote(event._data["document"])
        try:
            engine = self._suggesting.answers(caller(request))
            title = engine.document(path).title or path
            html = suggestions_html(questions_about(engine, path, 3), title, path)
        except FootnoteError as error:
            html = error_html(error)
        return {self._components.suggestions: html}

    def _chosen(self, options: AnswerOptions | None, request: gr.Request) -> tuple[str, ...]:
        """The collections that a page asks, those that its reader may not read left out."""
        names = self._access.names(caller(request))
        wanted = options.collections if options else ()
        return tuple(name for name in names if name in wanted) or names

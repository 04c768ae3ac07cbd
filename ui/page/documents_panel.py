"""Event handlers of the documents panel, and of suggested questions."""

from __future__ import annotations

import threading
from typing import Any
from urllib.parse import unquote

import gradio as gr

from index.errors import FootnoteError
from rag.suggestions.suggest import example_questions, questions_about
from ui.http.auth import Caller, caller_of
from ui.page.components import PageComponents
from ui.page.html_conversation import error_html, parse_chat_id
from ui.page.html_panels import documents_html, suggestions_html, summary_html
from ui.service.admission import AdmissionControl, Limits
from ui.wiring import Service

_EXAMPLES = 4
Update = dict[Any, Any]  # new values by component, as Gradio takes them


def caller(request: gr.Request) -> Caller:
    """Who opened the page that sends an event."""
    assert request.request
    return caller_of(request.request.scope)


class DocumentsPanel:
    """The panel over the service's library."""

    def __init__(self, components: PageComponents, service: Service) -> None:
        self._components = components
        self._service = service
        # Not the readers' admission control, whose places suggestions must not take; one thread.
        self._engine = AdmissionControl(service.engine, Limits(at_once=1))
        self._generating = threading.Lock()
        self._generation = 0
        self.examples = ""  # questions of that generation, as HTML

    def refresh(self, request: gr.Request) -> Update:
        """The documents as they are now."""
        try:
            state = self._service.library_for(caller(request)).state()
        except FootnoteError as error:
            return {self._components.documents: "", self._components.summary: error_html(error)}
        html = documents_html(state)
        return {self._components.documents: html, self._components.summary: summary_html(state)}

    def delete(self, request: gr.Request, event: gr.EventData) -> Update:
        """Delete a document."""
        try:
            self._service.library_for(caller(request)).remove(unquote(event._data["document"]))
        except FootnoteError as error:
            update = self.refresh(request)
            html = error_html(error) + update[self._components.documents]
            return {**update, self._components.documents: html}
        return self.refresh(request)

    def suggest_examples(self, exchanges: tuple[object, ...], chat_id: str) -> Update:
        """Questions to start with, on an empty page."""
        with self._generating:  # pages that open at once wait for the same questions
            try:
                generation = self._engine.generation
                if self._generation != generation:
                    self.examples = suggestions_html(example_questions(self._engine, _EXAMPLES))
                    self._generation = generation
            except FootnoteError:
                self.examples = ""
        return {self._components.suggestions: "" if parse_chat_id(chat_id) else self.examples}

    def suggest_about(self, event: gr.EventData) -> Update:
        """Questions about a document."""
        path = unquote(event._data["document"])
        try:
            title = self._engine.document(path).title or path
            html = suggestions_html(questions_about(self._engine, path, 3), title)
        except FootnoteError as error:
            html = error_html(error)
        return {self._components.suggestions: html}

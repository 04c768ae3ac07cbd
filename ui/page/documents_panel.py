"""What the documents panel of the chat page does, and the questions that are offered."""

from __future__ import annotations

import threading
from typing import Any
from urllib.parse import unquote

import gradio as gr

from index.errors import FootnoteError
from rag.suggestions.suggest import example_questions, questions_about
from ui.http.auth import Caller, caller_of
from ui.page.components import Parts
from ui.page.html_conversation import chat_id, fault_html
from ui.page.html_panels import offers_html, shelf_html, summary_html
from ui.service.admission import AdmissionControl, Limits
from ui.wiring import Service

EXAMPLES = 4
Update = dict[Any, Any]  # new values by component, as Gradio takes them


def caller(request: gr.Request) -> Caller:
    """Whose page it is that calls."""
    assert request.request
    return caller_of(request.request.scope)


class ShelfActs:
    """The panel over the service's library."""

    def __init__(self, parts: Parts, service: Service) -> None:
        self._parts = parts
        self._service = service
        # Apart from the doorman, whose room is for readers, and on one thread that stays.
        self._engine = AdmissionControl(service.engine, Limits(at_once=1))
        self._offering = threading.Lock()
        self._generation = 0
        self.offered = ""  # questions of that generation, as they were shown last

    def look(self, request: gr.Request) -> Update:
        """The documents as they are now."""
        try:
            state = self._service.library_for(caller(request)).state()
        except FootnoteError as error:
            return {self._parts.shelf: "", self._parts.summary: fault_html(error)}
        return {self._parts.shelf: shelf_html(state), self._parts.summary: summary_html(state)}

    def discard(self, request: gr.Request, event: gr.EventData) -> Update:
        """Delete a document."""
        try:
            self._service.library_for(caller(request)).remove(unquote(event._data["document"]))
        except FootnoteError as error:
            shown = self.look(request)
            return {**shown, self._parts.shelf: fault_html(error) + shown[self._parts.shelf]}
        return self.look(request)

    def offer(self, exchanges: tuple[object, ...], where: str) -> Update:
        """Questions to start with, on a page that is empty."""
        with self._offering:  # those who open the page at once wait for the same questions
            try:
                generation = self._engine.generation
                if self._generation != generation:
                    self.offered = offers_html(example_questions(self._engine, EXAMPLES))
                    self._generation = generation
            except FootnoteError:
                self.offered = ""
        return {self._parts.offers: "" if chat_id(where) else self.offered}

    def about(self, event: gr.EventData) -> Update:
        """Questions about a document."""
        path = unquote(event._data["document"])
        try:
            title = self._engine.document(path).title or path
            return {self._parts.offers: offers_html(questions_about(self._engine, path, 3), title)}
        except FootnoteError as error:
            return {self._parts.offers: fault_html(error)}

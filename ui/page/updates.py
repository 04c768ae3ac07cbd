"""What the chat page shows of conversations, as values for its components."""

from __future__ import annotations

from datetime import datetime

from markupsafe import Markup

from index.errors import FootnoteError
from ui.page.components import Parts
from ui.page.documents_panel import Update
from ui.page.exchanges import Exchanges, Talk
from ui.page.html_conversation import exchange_html, fault_html, sources_html
from ui.page.html_panels import acts_html, chats_html, form_html, gist_html
from ui.service.answer_options import AnswerOptions, OptionsPolicy


class Shown:
    """The parts of the page that show conversations; `welcome` stands where there is none yet."""

    def __init__(self, parts: Parts, policy: OptionsPolicy, welcome: str) -> None:
        self._parts = parts
        self._policy = policy
        self._welcome = welcome

    def exchanges(self, exchanges: Exchanges) -> Update:
        """A conversation with its sources."""
        past = [exchange_html(each) + acts_html(each, is_last=False) for each in exchanges[:-1]]
        now = [exchange_html(each) + acts_html(each, is_last=True) for each in exchanges[-1:]]
        return {
            self._parts.past: Markup().join(past),
            self._parts.now: Markup().join(now) or self._welcome,
            self._parts.sources: sources_html(exchanges),
            self._parts.exchanges: exchanges,
        }

    def chats(self, talk: Talk) -> Update:
        """The list of conversations, with this one marked, or why there is none."""
        try:
            shown = chats_html(talk.kept.chats(), talk.id, datetime.now())
        except FootnoteError as error:
            shown = fault_html(error)
        return {self._parts.chats: shown}

    def settings(self, options: AnswerOptions) -> Update:
        """How the conversation is answered, with the form to change it."""
        return {**self.gist(options), self._parts.form: form_html(options, self._policy)}

    def gist(self, options: AnswerOptions) -> Update:
        """How the conversation is answered, in a few words."""
        return {self._parts.options: options, self._parts.gist: gist_html(options, self._policy)}

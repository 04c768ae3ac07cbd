"""Updates of the page's components that show a conversation."""

from __future__ import annotations

from datetime import datetime

from markupsafe import Markup

from index.errors import FootnoteError
from ui.page.components import PageComponents
from ui.page.documents_panel import Update
from ui.page.exchanges import Conversation, Exchanges
from ui.page.html_conversation import error_html, exchange_html
from ui.page.html_panels import actions_html, chats_html, choice_html, options_summary_html
from ui.page.source_cards import TablesOf, sources_html
from ui.service.answer_options import AnswerOptions, OptionsPolicy


class PageUpdates:
    """Makes the updates; `welcome` is what an empty conversation shows."""

    def __init__(
        self, components: PageComponents, policy: OptionsPolicy, welcome: str, tables: TablesOf
    ) -> None:
        self._components = components
        self._policy = policy
        self._welcome = welcome
        self._tables = tables

    def exchanges(self, exchanges: Exchanges, options: AnswerOptions) -> Update:
        """A conversation with its sources; the options are those that it is asked with now."""
        past = [exchange_html(each) + actions_html(each, is_last=False) for each in exchanges[:-1]]
        last = [
            exchange_html(each) + actions_html(each, is_last=True, options=options)
            for each in exchanges[-1:]
        ]
        return {
            self._components.past: Markup().join(past),
            self._components.current: Markup().join(last) or self._welcome,
            self._components.sources: sources_html(exchanges, self._tables),
            self._components.exchanges: exchanges,
        }

    def chats(self, conversation: Conversation, words: str = "") -> Update:
        """The list of conversations, with this one marked, or why there is none.

        Those that hold the words, if there are some.
        """
        try:
            chats = conversation.history.chats(words)
            shown = chats_html(chats, conversation.id, datetime.now(), words)
        except FootnoteError as error:
            shown = error_html(error)
        return {self._components.chats: shown}

    def options(self, options: AnswerOptions) -> Update:
        """A conversation's answer options, which the page asks by from now on."""
        return {**self.options_summary(options), self._components.choice: choice_html(options)}

    def options_summary(self, options: AnswerOptions) -> Update:
        """A conversation's answer options, in a few words."""
        return {self._components.options_summary: options_summary_html(options, self._policy)}

"""The chat page's Gradio components and their layout."""

from __future__ import annotations

from typing import Any

import gradio as gr
from gradio.themes import Base
from gradio.themes.utils import colors

from ui.page.static_files import SCRIPTS, STYLES, page_url
from ui.service.settings import QUESTION_CHARACTERS

PLAIN: dict[str, Any] = {"apply_default_css": False}
_BRAND = """
<div class="brand">
<button type="button" class="menu" aria-label="Conversations" aria-expanded="false"></button>
<h1 class="name">Footnote</h1>
</div>
"""
# No `gr.Button`: that loads ten more files of scripts and styles.
_NEW_CHAT = '<button type="button" data-action="new_chat">New chat</button>'
# A question that is too long is told, never cut as `max_length` would.
_LIMIT = f'<p role="status" data-most="{QUESTION_CHARACTERS}" hidden></p>'
_FIND = """
<input type="search" maxlength="200" aria-label="Search the conversations" placeholder="Search">
"""
_TABS = """
<div role="tablist" aria-label="Beside the answer">
<button type="button" role="tab" id="tab-sources" aria-controls="sources">Sources</button>
<button type="button" role="tab" id="tab-documents" aria-controls="documents">Documents</button>
</div>
"""


def with_choice(inputs: int) -> str:
    """A script for so many inputs, of which the last is what the page shows to be asked by.

    So a question goes by what its asker sees, whatever of that the server has heard of so far.
    """
    return f"(...given) => [...given.slice(0, {inputs - 1}), window.footnote.choice()]"


def dispatch_script(*events: str) -> str:
    """The script of a component that triggers these events; chat.js calls it."""
    names = ", ".join(f'"{name}"' for name in events)
    return (
        f"element.dispatch = (name, detail) => [{names}].includes(name) && trigger(name, detail);"
    )


def html_block(elem_id: str, value: str = "", *events: str) -> gr.HTML:
    """A component of HTML that is made on the server; its buttons trigger these events."""
    script = dispatch_script(*events) if events else None
    return gr.HTML(value, elem_id=elem_id, js_on_load=script, **PLAIN)


class PageComponents:
    """The page's components, laid out inside of `gr.Blocks`."""

    def __init__(self, welcome: str, options_form: str) -> None:
        with gr.Row(elem_id="top"):
            html_block("name", _BRAND)
            self.summary = html_block("summary")
            self.new_chat = html_block("new-chat", _NEW_CHAT, "new_chat")
        with gr.Row(elem_id="columns"):
            with gr.Column(elem_id="left"):
                self.find = html_block("find", _FIND, "find_chats")
                actions = ("open_chat", "rename_chat", "delete_chat", "export_chat")
                self.chats = html_block("chats", "", *actions)
            with gr.Column(elem_id="chat"):
                events = ("rate", "give_reason", "edit")
                self.past = html_block("past", "", *events)
                self.current = html_block("current", welcome, *events, "ask_again")
                self.suggestions = html_block("suggestions", "", "ask_suggested")
                with gr.Row(elem_id="ask"):
                    self.scope = html_block("scope")
                    self.question = gr.Textbox(
                        label="Question",
                        show_label=False,
                        placeholder="Ask a question",
                        lines=1,
                        max_lines=6,
                        autofocus=True,
                        submit_btn="Ask",
                        container=False,
                    )
                    html_block("limit", _LIMIT)
                    self.options_summary = html_block("options-summary")
                    html_block("options", options_form)
            with gr.Column(elem_id="side"):
                html_block("tabs", _TABS)
                self.sources = html_block("sources")
                changes = ("refresh", "indexed", "delete_document", "suggest")
                self.documents = html_block("documents", "", *changes)
        # Hidden: the conversation's id, what its questions are asked by, and files to save.
        self.chat_id = html_block("chat-id")
        self.choice = html_block("choice", "", "choose", "choose_collection")
        self.download = html_block("download")
        self.exchanges = gr.State(())
        self.latest_choice = gr.State({})  # numbers of the last changes, by what they changed


def head() -> str:
    """The page's own styles and scripts."""
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


def theme() -> Base:
    """The colours of paper and ink; chat.css has the rest."""
    return Base(
        primary_hue=colors.stone,
        neutral_hue=colors.stone,
        font=["Footnote Sans", "system-ui", "sans-serif"],
        font_mono=["ui-monospace", "monospace"],
    )

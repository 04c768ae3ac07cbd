"""What the chat page is made of: its components and where they stand."""

from __future__ import annotations

from typing import Any

import gradio as gr

from ui.service.settings import QUESTION_CHARACTERS

PLAIN: dict[str, Any] = {"apply_default_css": False}
_TOP = """
<div class="brand">
<button type="button" class="menu" aria-label="Conversations" aria-expanded="false"></button>
<h1 class="name">Footnote</h1>
</div>
"""
# No `gr.Button`: that brings ten files of scripts and styles along, for pictures and the like.
_FRESH = '<button type="button" data-act="restart">New chat</button>'
_TABS = """
<div role="tablist" aria-label="Beside the answer">
<button type="button" role="tab" id="tab-sources" aria-controls="sources">Sources</button>
<button type="button" role="tab" id="tab-shelf" aria-controls="shelf">Documents</button>
</div>
"""


def heard(*names: str) -> str:
    """The script of a component whose buttons make these events; chat.js calls it."""
    known = ", ".join(f'"{name}"' for name in names)
    return f"element.act = (name, detail) => [{known}].includes(name) && trigger(name, detail);"


def words(elem_id: str, value: str = "", *events: str) -> gr.HTML:
    """A piece of the page whose HTML is made here; its buttons make these events."""
    return gr.HTML(value, elem_id=elem_id, js_on_load=heard(*events) if events else None, **PLAIN)


class Parts:
    """The page's components, laid out inside of `gr.Blocks`."""

    def __init__(self, welcome: str) -> None:
        with gr.Row(elem_id="top"):
            words("name", _TOP)
            self.summary = words("summary")
            self.fresh = words("fresh", _FRESH, "restart")
        with gr.Row(elem_id="desk"):
            with gr.Column(elem_id="left"):
                self.chats = words("chats", "", "choose", "retitle", "forget", "export")
            with gr.Column(elem_id="talk"):
                self.past = words("past", "", "rate", "explain")
                self.now = words("now", welcome, "rate", "explain", "again")
                self.offers = words("offers", "", "pose")
                with gr.Row(elem_id="ask"):
                    self.box = gr.Textbox(
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
                    self.gist = words("gist")
                    self.form = words("form", "", "settle")
            with gr.Column(elem_id="side"):
                words("tabs", _TABS)
                self.sources = words("sources")
                self.shelf = words("shelf", "", "look", "discard", "about")
        # What the browser is told besides: the conversation's id, and files to save.
        self.where = words("where")
        self.mail = words("mail")
        self.exchanges = gr.State(())
        self.options = gr.State(None)

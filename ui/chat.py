"""The chat page: a question box, answers whose markers lead to their sources, and the sources."""

from __future__ import annotations

import gradio as gr
from fastapi import FastAPI
from gradio.themes import Base
from gradio.themes.utils import colors

from rag.engine import Engine
from rag.settings import Settings
from ui.chat_page import ChatPage
from ui.library import Library

HEAD = """
<meta name="color-scheme" content="light dark">
<link rel="icon" href="/page/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/page/chat.css">
<script src="/page/chat.js" defer></script>
<script src="/page/panel.js" defer></script>
<script src="/page/shelf.js" defer></script>
"""


def mount(app: FastAPI, engine: Engine, settings: Settings, library: Library | None = None) -> None:
    """Put the chat page at `/` of an application; routes that it already has come first."""
    gr.mount_gradio_app(
        app,
        ChatPage(engine, library or Library(settings, engine), settings).blocks,
        path="/",
        theme=_theme(),
        head=HEAD,
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


def _theme() -> Base:
    """Paper and ink; the fonts and the rest are in chat.css."""
    return Base(
        primary_hue=colors.stone,
        neutral_hue=colors.stone,
        font=["Footnote Sans", "system-ui", "sans-serif"],
        font_mono=["ui-monospace", "monospace"],
    )

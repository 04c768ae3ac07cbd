"""The chat page: a question box, answers whose markers lead to their sources, and the sources."""

from __future__ import annotations

import gradio as gr
from fastapi import FastAPI
from gradio.themes import Base
from gradio.themes.utils import colors

from rag.settings import Settings
from ui.chat_page import ChatPage
from ui.page_files import SCRIPTS, STYLES, page_url
from ui.service import Service


def mount(app: FastAPI, service: Service, settings: Settings) -> None:
    """Put the chat page at `/` of an application; routes that it already has come first."""
    gr.mount_gradio_app(
        app,
        ChatPage(service, settings).blocks,
        path="/",
        theme=_theme(),
        head=_head(),
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


def _head() -> str:
    """What the page loads of ours."""
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


def _theme() -> Base:
    """Paper and ink; the fonts and the rest are in chat.css."""
    return Base(
        primary_hue=colors.stone,
        neutral_hue=colors.stone,
        font=["Footnote Sans", "system-ui", "sans-serif"],
        font_mono=["ui-monospace", "monospace"],
    )

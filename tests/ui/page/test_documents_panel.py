"""The documents panel's handlers, called without a browser."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import gradio as gr
import pytest

from ui.page.components import PageComponents
from ui.page.documents_panel import DocumentsPanel
from ui.page.html_conversation import chat_id_html

pytestmark = pytest.mark.unit


@pytest.fixture
def components() -> PageComponents:
    with gr.Blocks():
        return PageComponents("", "")


@pytest.fixture
def panel(components: PageComponents) -> DocumentsPanel:
    return DocumentsPanel(
        components, cast(Any, SimpleNamespace(access=0, answers=0, apart=0, options_policy=0))
    )


def test_suggest_next_on_an_empty_page_leaves_the_questions_to_start_with(
    components: PageComponents, panel: DocumentsPanel
) -> None:
    update = panel.suggest_next((), "", None, gr.Request())
    assert update == {components.suggestions: gr.skip()}


def test_suggest_next_in_a_conversation_without_an_answer_suggests_nothing(
    components: PageComponents, panel: DocumentsPanel
) -> None:
    update = panel.suggest_next((), str(chat_id_html("0" * 32)), None, gr.Request())
    assert update == {components.suggestions: ""}

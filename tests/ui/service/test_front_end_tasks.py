"""What front ends ask for themselves is told from questions, and answered without documents."""

from __future__ import annotations

import json

import pytest

from index.catalog.reader import DocumentInfo
from index.errors import StoreError
from rag.types import Turn
from ui.service.front_end_tasks import question_in, reply_to, task_of

pytestmark = pytest.mark.unit

TALK = (
    "USER: Who met in Paris?\nASSISTANT: Ada met Bo. [1]\n\nSources:\n- [1] talks/brief.md, page 2"
)
TURNS = (Turn("Who met in Paris?", "Ada met Bo."), Turn("When?", "In May."))


class Listed:
    """As much of an engine as tasks need: it lists its documents, and reads none."""

    def __init__(self, *paths: str) -> None:
        self.paths = paths

    def documents(self) -> list[DocumentInfo]:
        return [DocumentInfo(path, path.title(), 1, None, 1, None, 0, ()) for path in self.paths]

    def document(self, path: str) -> None:
        raise StoreError(f"{path} is gone")


def reply(prompt: str, *turns: Turn, system: str = "", paths: tuple[str, ...] = ()) -> str | None:
    """What is said to a prompt; None if it is a question to the documents."""
    task = task_of(system, prompt, turns)
    return None if task is None else reply_to(task, Listed(*paths))  # type: ignore[arg-type]


def headed(task: str, example: str) -> str:
    """A task as Open WebUI shapes it."""
    history = f"<chat_history>\n{TALK}\n</chat_history>"
    return (
        f"### Task:\n{task}\n\n### Output:\nJSON format: {example}\n\n### Chat History:\n{history}"
    )


@pytest.mark.parametrize(
    ("task", "example", "expected"),
    [
        ("Generate a concise title.", '{ "title": "here" }', {"title": "Who met in Paris?"}),
        ("Generate 1-3 tags.", '{ "tags": ["one", "two"] }', {"tags": ["Talks/Brief.Md"]}),
        ("Predict messages.", '{ "follow_ups": ["One"] }', {"follow_ups": []}),
        ("Write queries.", '{\n "queries": ["a"]\n}', {"queries": ["Who met in Paris?"]}),
        ("Describe an image.", '{ "prompt": "a cat" }', {"prompt": ""}),
        ("Complete the text.", '{ "text": "<text>" }', {"text": ""}),
    ],
)
def test_task_with_a_heading_is_answered_in_the_object_it_asks_for(
    task: str, example: str, expected: dict[str, object]
) -> None:
    said = reply(headed(task, example), paths=("a.md", "talks/brief.md"))
    assert said is not None
    assert json.loads(said) == expected


@pytest.mark.parametrize(
    "prompt",
    [
        f"Write a short title for this conversation. Only the title.\n\nConversation:\n{TALK}",
        f"Summarize the conversation below in a title of five words.\n\n{TALK}",
        f"Give the chat a name.\n<conversation>\n{TALK}\n</conversation>",
    ],
)
def test_task_in_prose_with_the_talk_in_it_is_told(prompt: str) -> None:
    assert reply(prompt) == "Who met in Paris?"


def test_task_in_prose_after_the_talk_is_told() -> None:
    prompt = "Please generate a four to five word title summarizing our conversation."
    assert reply(prompt, *TURNS) == "Who met in Paris?"
    assert reply("Summarise our conversation so far.", *TURNS) == (
        "Who met in Paris? Ada met Bo.\nWhen? In May."
    )


def test_task_of_the_system_over_a_transcript_is_told() -> None:
    system = "You extract a topic from the user's session."
    assert reply(TALK, system=system) == "Who met in Paris?"


@pytest.mark.parametrize(
    "question",
    [
        "Who met in Paris?",
        "What is the title of the report?",
        "Summarize the conversation with Cale Marine",
        "### Task list\nWhich tasks are open?",
        "Is there a follow-up to the discussion of May?",
    ],
)
def test_question_to_the_documents_is_no_task(question: str) -> None:
    assert reply(question) is None


def test_question_after_a_talk_is_no_task_though_the_system_speaks_of_titles() -> None:
    system = "Keep the conversation short and put no title above it."
    assert reply("Who paid for the talks?", *TURNS, system=system) is None


def test_title_is_cut_between_words() -> None:
    turn = Turn("Which of the delegations that came to Paris in the spring stayed longest?", "Bo.")
    assert reply("A title for this chat, please", turn) == (
        "Which of the delegations that came to Paris in the spring…"
    )


def test_question_is_freed_of_what_a_front_end_put_before_it() -> None:
    template = (
        "### Task:\nRespond to the user query.\n<context>\n<source>May</source>\n</context>\n"
    )
    assert question_in(f"{template}\nWho met in Paris?") == "Who met in Paris?"
    wrapped = f"{template}<user_query>\nWho met?\n</user_query>"
    assert question_in(wrapped) == "Who met?"
    assert question_in("Who met <context>here</context> then?") == (
        "Who met <context>here</context> then?"
    )

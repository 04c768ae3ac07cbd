"""What a front end asks for itself: a title for a conversation, tags, follow-up questions.

Such a prompt asks nothing of the documents, so no answer is looked for in them. It is told by its
shape: an instruction about a conversation, with that conversation in it or before it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from index.errors import FootnoteError
from rag.suggestions.suggest import questions_about
from rag.types import Answers, Turn

TITLE_CHARACTERS = 60
_MOST = 3
# A heading that front ends begin their own prompts with, and the place of the conversation.
_HEADING = re.compile(r"\s*#{1,6} *task\b", re.IGNORECASE)
_HISTORY = re.compile(r"<(chat_history|conversation|messages)>(.*?)</\1>", re.DOTALL)
_SPEAKER = re.compile(
    r"^ *\**(?P<who>user|human|assistant|ai|bot)\** *: *(?P<said>.*?)(?=^ *\**(?:user|human|"
    r"assistant|ai|bot)\** *:|\Z)",
    re.IGNORECASE | re.MULTILINE | re.DOTALL,
)
_THING = r"(?:title|headline|name|topic|tags?|keywords?|follow-?up|summar\w+|quer(?:y|ies))"
_TALK = r"(?:conversation|chat|dialogue?|discussion|exchange|session|messages)"
_INSTRUCTION = re.compile(
    rf"\b{_THING}\b[^.?!\n]{{0,100}}\b{_TALK}\b|\b{_TALK}\b[^.?!\n]{{0,100}}\b{_THING}\b",
    re.IGNORECASE,
)
_FIELD = re.compile(r"""\{\s*["'](?P<name>\w+)["']\s*:\s*(?P<list>\[)?""")
# A template that puts passages of the front end's own before a question.
_CONTEXT = re.compile(r"<context>.*</context>\s*(?P<query>.*)\Z", re.DOTALL)
_QUERY = re.compile(r"<(user_query|query|question)>\s*(?P<query>.*?)\s*</\1>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class FrontEndTask:
    """A task: what it asks for, in which field of an object ("" for none), and the conversation.

    `wanted` is "title", "tags", "follow-ups", "queries", "summary" or "", which is none of these.
    """

    wanted: str
    field: str
    is_list: bool
    talk: tuple[Turn, ...]
    transcript: str


def question_in(text: str) -> str:
    """A message's question, without the instructions and passages that a front end put there."""
    found = _CONTEXT.search(text) if _HEADING.match(text) else None
    query = (_QUERY.search(found["query"]) or found)["query"].strip() if found else ""
    return query or text


def task_of(instructions: str, text: str, turns: Sequence[Turn]) -> FrontEndTask | None:
    """The task that a message is, None if it is a question.

    `instructions` are those of the system, which count if the message is nothing but a transcript.
    """
    marked = _HISTORY.search(text)
    transcript = marked[2] if marked else text
    spoken = [
        (found["who"].lower(), found["said"].strip()) for found in _SPEAKER.finditer(transcript)
    ]
    prose = text.replace(transcript, "") if marked else _SPEAKER.sub("", text)
    if not (marked and _HEADING.match(text)):
        asked = prose if prose.strip() or len(spoken) < 2 else instructions
        if not _INSTRUCTION.search(asked) or not (turns or marked or spoken):
            return None
        prose = asked
    field = _FIELD.search(prose)
    name = field["name"].lower() if field else ""
    return FrontEndTask(
        _wanted(name or prose.lower()),
        field["name"] if field else "",
        bool(field and field["list"]),
        _turns(spoken) or tuple(turns),
        transcript if marked or spoken else "\n".join(turn.answer for turn in turns),
    )


def reply_to(task: FrontEndTask, answers: Answers) -> str:
    """What is said to a task; short, and made by rule."""
    made: dict[str, Callable[[], list[str]]] = {
        "title": lambda: _titles(task.talk),
        "tags": lambda: _tags(task, answers),
        "follow-ups": lambda: _follow_ups(task, answers),
        "summary": lambda: [f"{turn.question} {_line(turn.answer)}" for turn in task.talk],
        "queries": lambda: [turn.question for turn in task.talk[-1:]],
    }
    words = made[task.wanted]() if task.wanted else []
    if task.field:
        value = words if task.is_list else " ".join(words[:1])
        return json.dumps({task.field: value}, ensure_ascii=False)
    return ("\n" if task.wanted in ("follow-ups", "summary") else ", ").join(words)


def _wanted(words: str) -> str:
    """What is asked for: the one of these that is named first."""
    kinds = {
        "follow-ups": r"follow.?up",
        "tags": r"\btags?\b|keyword",
        "queries": r"quer(?:y|ies)",
        "title": r"title|headline|topic|\bname\b",
        "summary": r"summar",
    }
    named = ((re.search(pattern, words), kind) for kind, pattern in kinds.items())
    places = [(found.start(), kind) for found, kind in named if found]
    # A talk may be summarised for its title, which is what is wanted then.
    others = [place for place in places if place[1] != "summary"]
    return min(others or places)[1] if places else ""


def _turns(spoken: Sequence[tuple[str, str]]) -> tuple[Turn, ...]:
    """Questions of a transcript with their answers, "" for one that is not answered."""
    turns = list[Turn]()
    for who, said in spoken:
        if who in ("user", "human"):
            turns.append(Turn(said, ""))
        elif turns and not turns[-1].answer:
            turns[-1] = Turn(turns[-1].question, said)
    return tuple(turns)


def _titles(talk: Sequence[Turn]) -> list[str]:
    """The first question, cut between words."""
    words = _line(talk[0].question, TITLE_CHARACTERS) if talk else ""
    return [words] if words else []


def _line(text: str, most: int = 300) -> str:
    """A text in one line of at most so many characters, cut between words."""
    words = " ".join(text.split())
    if len(words) <= most:
        return words
    cut = words[:most]
    return (cut.rpartition(" ")[0] or cut).rstrip(",;:") + "…"


def _cited(task: FrontEndTask, answers: Answers) -> list[tuple[str, str]]:
    """Path and title of the documents that a conversation names, the last named first."""
    text = task.transcript
    named = [(text.rfind(info.path), info) for info in answers.documents() if not info.failure]
    found = sorted((at, info.path, info.title) for at, info in named if at >= 0)
    return [(path, title) for _, path, title in reversed(found)]


def _tags(task: FrontEndTask, answers: Answers) -> list[str]:
    """The titles of the documents that were cited."""
    try:
        cited = _cited(task, answers)
    except FootnoteError:
        return []
    return list(dict.fromkeys(title or path for path, title in cited))[:_MOST]


def _follow_ups(task: FrontEndTask, answers: Answers) -> list[str]:
    """Questions that the cited documents answer and that were not asked."""
    asked = [turn.question for turn in task.talk]
    found = list[str]()
    try:
        for path, _ in _cited(task, answers)[:_MOST]:
            found += questions_about(answers, path, _MOST - len(found), known=[*asked, *found])
            if len(found) >= _MOST:
                break
    except FootnoteError:  # the server is busy, or the document is gone: fewer will do
        pass
    return found

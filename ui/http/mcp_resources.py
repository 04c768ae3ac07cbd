"""What MCP's clients may attach besides calling tools: documents as resources, and one prompt."""

from __future__ import annotations

from urllib.parse import quote, unquote

from mcp_types import (
    GetPromptResult,
    ListPromptsResult,
    ListResourcesResult,
    Prompt,
    PromptArgument,
    PromptMessage,
    ReadResourceResult,
    Resource,
    TextContent,
    TextResourceContents,
)

from index.catalog.reader import DocumentInfo
from index.errors import ConfigError, UnknownDocument
from rag.types import Answers

PROMPT = "ask_documents"
_URI = "footnote:///documents/"
_LISTED = 500
# A client puts the whole of a resource before its model.
_CHARACTERS = 200_000
_INSTRUCTION = (
    "Answer the question below from my documents. Call the tool `ask` with it, in a full sentence; "
    "call `search` to read more. Keep the markers like [1] and list the sources under the answer. "
    "If the documents don't answer it, say so, and name the nearest passages; don't guess."
)


def list_resources(answers: Answers, cursor: str | None) -> ListResourcesResult:
    """The documents that were read, some at a time. Raises ConfigError for another's cursor."""
    known = [info for info in answers.documents() if not info.failure]
    first = int(cursor) if cursor and cursor.isdecimal() and len(cursor) < 10 else 0
    if cursor and not 0 < first < len(known):
        raise ConfigError("there is nothing at this cursor; list the resources from the start")
    more = first + _LISTED < len(known)
    return ListResourcesResult(
        resources=[_resource(info) for info in known[first : first + _LISTED]],
        next_cursor=str(first + _LISTED) if more else None,
    )


def read_resource(answers: Answers, uri: str) -> ReadResourceResult:
    """A document as text; of a long one the first part. Raises UnknownDocument."""
    if not uri.startswith(_URI):
        raise UnknownDocument(f"resources are called {_URI}PATH; list them")
    document = answers.document(unquote(uri.removeprefix(_URI)))
    text = document.text[:_CHARACTERS]
    if len(document.text) > _CHARACTERS:
        text += f"\n\n[The first {_CHARACTERS:,} of {len(document.text):,} characters.]"
    return ReadResourceResult(
        contents=[TextResourceContents(uri=uri, mime_type="text/plain", text=text)]
    )


def list_prompts() -> ListPromptsResult:
    """The one prompt."""
    question = PromptArgument(name="question", description="What to ask.", required=True)
    return ListPromptsResult(
        prompts=[
            Prompt(
                name=PROMPT,
                title="Ask the documents",
                description="A question that is answered from the documents, with citations.",
                arguments=[question],
            )
        ]
    )


def get_prompt(name: str, arguments: dict[str, str] | None) -> GetPromptResult:
    """The prompt with its question. Raises ConfigError for another name, or without one."""
    question = (arguments or {}).get("question", "").strip()
    if name != PROMPT or not question:
        raise ConfigError(f"the prompt is called {PROMPT}, and wants a 'question'")
    content = TextContent(text=f"{_INSTRUCTION}\n\n{question}")
    return GetPromptResult(messages=[PromptMessage(role="user", content=content)])


def _resource(info: DocumentInfo) -> Resource:
    return Resource(
        uri=f"{_URI}{quote(info.path, safe='/')}",
        name=info.path,
        title=info.title or info.path,
        mime_type="text/plain",
        description=f"{info.pages} pages" if info.pages else None,
    )

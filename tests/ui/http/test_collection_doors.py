"""A token of one collection sees nothing of another, by any door: every route, asked for it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from index.settings import load_settings
from index.sync.sync import sync
from rag.settings import Settings
from tests.helpers.indexing import sharing_minilm, write
from tests.helpers.page_calls import PageCalls
from ui.app import make_app
from ui.service.collections import Collections, settings_for
from ui.service.settings import ServiceSettings
from ui.service.tokens import Tokens

pytestmark = pytest.mark.model

# Words that stand in the secret collection alone, its name among them.
QUESTION = "How much is the bonus of the directors?"
SECRETS = ("bonus of the directors is", "90,000", "Payroll of Zelda")
OPEN = {
    "canteen.md": "# Canteen\n\nThe canteen opens at eleven. Soup costs three euros.\n",
    "mail.md": "# Mail\n\nThe mail server is called ada.\n",
}
SECRET = {"pay.md": "# Payroll of Zelda\n\nThe bonus of the directors is 90,000 euros.\n"}
JSON = dict[str, Any]
EVENTS = {"Accept": "text/event-stream"}


@dataclass(frozen=True, slots=True)
class Door:
    """A server of two collections, and tokens that see one of them, both, and another one."""

    client: TestClient
    tokens: dict[str, str]

    def call(self, who: str, method: str, path: str, **given: Any) -> Response:
        headers = {"Authorization": f"Bearer {self.tokens[who]}"} | given.pop("headers", {})
        return self.client.request(method, path, headers=headers, **given)


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    folder = tmp_path_factory.mktemp("doors")
    settings = load_settings(Settings, data=folder / "data")
    each = {name: settings_for(settings, name, {}) for name in ("open", "vault")}
    with sharing_minilm():
        for name, files in (("open", OPEN), ("vault", SECRET)):
            write(folder / name, dict(files))
            sync(each[name], folder / name)
        collections = Collections(settings, each)
    wanted = load_settings(ServiceSettings, data=settings.data, requests_per_minute=0)
    app = make_app(
        collections.engine,
        settings,
        ("*",),
        wanted.for_host("0.0.0.0"),
        collections=collections,
    )
    tokens = Tokens(settings.data)
    secrets = {
        "open": tokens.make("", True, ("open",))[1],
        "both": tokens.make("", True)[1],
        "reads-vault": tokens.make("", False, ("open:write", "vault"))[1],
        "elsewhere": tokens.make("", True, ("shop",))[1],
    }
    with TestClient(app, "http://127.0.0.1", raise_server_exceptions=False) as client:
        yield Door(client, secrets)
    collections.close()


def chat(model: str, stream: bool = False) -> JSON:
    return {"model": model, "messages": [{"role": "user", "content": QUESTION}], "stream": stream}


def rpc(method: str, **params: object) -> JSON:
    headers = {
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": "2025-06-18",
    }
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    return {"json": body, "headers": headers}


def tool(name: str, **arguments: object) -> JSON:
    return rpc("tools/call", name=name, arguments=arguments)


TAGS = (
    "### Task:\nGenerate 1-3 tags\n"
    "<chat_history>\nUSER: x\nASSISTANT: vault/pay.md\n</chat_history>"
)
# Whatever one may try with a token of the open collection: method, path and body.
TRIES: dict[str, tuple[str, str, JSON]] = {
    "ask": ("POST", "/v1/ask", {"json": {"question": QUESTION}}),
    "ask all": ("POST", "/v1/ask", {"json": {"question": QUESTION, "collection": "all"}}),
    "ask it": ("POST", "/v1/ask", {"json": {"question": QUESTION, "collection": "vault"}}),
    "ask both": (
        "POST",
        "/v1/ask",
        {"json": {"question": QUESTION, "collection": ["open", "vault"]}},
    ),
    "ask events": ("POST", "/v1/ask", {"json": {"question": QUESTION}, "headers": EVENTS}),
    "ask overview": ("POST", "/v1/ask", {"json": {"question": "What are the documents about?"}}),
    "ask summary": ("POST", "/v1/ask", {"json": {"question": "Summarize pay.md"}}),
    "ask follow-up": (
        "POST",
        "/v1/ask",
        {"json": {"question": "And of them?", "turns": [{"question": QUESTION, "answer": "?"}]}},
    ),
    "search": ("POST", "/v1/search", {"json": {"query": QUESTION, "k": 50}}),
    "search it": ("POST", "/v1/search", {"json": {"query": QUESTION, "collection": "vault"}}),
    "follow-ups": (
        "POST",
        "/v1/follow-ups",
        {
            "json": {
                "turns": [{"question": QUESTION, "answer": "?"}],
                "citations": [{"document": "vault/pay.md", "start": 0, "end": 9}],
            }
        },
    ),
    "documents": ("GET", "/v1/documents", {}),
    "documents with": ("GET", "/v1/documents?contains=pay", {}),
    "document": ("GET", "/v1/documents/vault/pay.md", {}),
    "document escaped": ("GET", "/v1/documents/vault%2Fpay.md", {}),
    "document around": ("GET", "/v1/documents/open/../vault/pay.md", {}),
    "document around escaped": ("GET", "/v1/documents/open/%2e%2e/vault/pay.md", {}),
    "document bare": ("GET", "/v1/documents/pay.md", {}),
    "put": ("PUT", "/v1/documents/vault/new.md", {"content": b"words"}),
    "put around": ("PUT", "/v1/documents/open/..%2F..%2Fvault%2Fnew.md", {"content": b"words"}),
    "delete": ("DELETE", "/v1/documents/vault/pay.md", {}),
    "sync": ("GET", "/v1/sync", {}),
    "sync now": ("POST", "/v1/sync", {}),
    "health": ("GET", "/healthz", {}),
    "embeddings": ("POST", "/v1/embeddings", {"json": {"model": "footnote", "input": QUESTION}}),
    "embeddings it": (
        "POST",
        "/v1/embeddings",
        {"json": {"model": "footnote:vault", "input": QUESTION}},
    ),
    "rerank": (
        "POST",
        "/v1/rerank",
        {"json": {"model": "footnote", "query": QUESTION, "documents": ["soup", "pay"]}},
    ),
    "models": ("GET", "/v1/models", {}),
    "model": ("GET", "/v1/models/footnote:vault", {}),
    "chat": ("POST", "/v1/chat/completions", {"json": chat("footnote")}),
    "chat it": ("POST", "/v1/chat/completions", {"json": chat("footnote:vault")}),
    "chat stream": ("POST", "/v1/chat/completions", {"json": chat("footnote", stream=True)}),
    "chat task": (
        "POST",
        "/v1/chat/completions",
        {"json": {"model": "footnote", "messages": [{"role": "user", "content": TAGS}]}},
    ),
    "viewer": ("GET", "/documents/vault/pay.md", {}),
    "viewer quote": ("GET", "/documents/vault/pay.md?start=0&end=9", {}),
    "viewer panel": ("GET", "/documents/vault/pay.md?panel=1", {}),
    "viewer reading": ("GET", "/documents/vault/pay.md?reading=1", {}),
    "viewer picture": ("GET", "/documents/vault/pay.md?picture=1", {}),
    "metrics": ("GET", "/metrics", {}),
    "page": ("GET", "/", {}),
    "config": ("GET", "/config", {}),
    "openapi": ("GET", "/openapi.json", {}),
    "openapi read": ("GET", "/openapi-read.json", {}),
    "page script": ("GET", "/page/chat.js", {}),
    "mcp tools": ("POST", "/mcp", rpc("tools/list")),
    "mcp ask": ("POST", "/mcp", tool("ask", question=QUESTION)),
    "mcp ask it": ("POST", "/mcp", tool("ask", question=QUESTION, collection="vault")),
    "mcp search": ("POST", "/mcp", tool("search", query=QUESTION, k=50)),
    "mcp search it": ("POST", "/mcp", tool("search", query=QUESTION, collection=["vault"])),
    "mcp list": ("POST", "/mcp", tool("list_documents")),
    "mcp resources": ("POST", "/mcp", rpc("resources/list")),
    "mcp resource": (
        "POST",
        "/mcp",
        rpc("resources/read", uri="footnote:///documents/vault/pay.md"),
    ),
    "ask filtered": (
        "POST",
        "/v1/ask",
        {"json": {"question": QUESTION, "filters": {"documents": ["vault/pay.md"]}}},
    ),
    "search folder": (
        "POST",
        "/v1/search",
        {"json": {"query": QUESTION, "filters": {"folders": ["vault"]}}},
    ),
    "mcp prompts": ("POST", "/mcp", rpc("prompts/list")),
    "mcp prompt": (
        "POST",
        "/mcp",
        rpc("prompts/get", name="ask_documents", arguments={"question": "vault/pay.md"}),
    ),
    "mcp list it": ("POST", "/mcp", tool("list_documents", collection="vault")),
}


def said(reply: Response, *, named: str) -> str:
    """All that a reply says, but for the question and the name that were sent."""
    text = reply.text.replace(QUESTION, "").replace(json.dumps(QUESTION)[1:-1], "")
    return text.replace(named, "NAME")


@pytest.mark.sample(14)
@pytest.mark.parametrize("attempt", TRIES)
def test_token_of_one_collection_learns_nothing_of_another(door: Door, attempt: str) -> None:
    method, path, given = TRIES[attempt]
    reply = door.call("open", method, path, **given)
    assert reply.status_code < 500
    assert [secret for secret in SECRETS if secret in reply.text.replace(QUESTION, "")] == []
    if "vault" not in str(TRIES[attempt]):
        assert "vault" not in reply.text
        return
    # It is as if there were no such collection.
    given = json.loads(json.dumps(given, default=bytes.decode).replace("vault", "shoal"))
    other = door.call("open", method, path.replace("vault", "shoal"), **given)
    assert reply.status_code == other.status_code
    if "completions" not in path:
        assert said(reply, named="vault") == said(other, named="shoal")


# A token of no collection here is refused everything, but for what is nobody's secret.
CLOSED = [each for each in TRIES if "around" not in each and each not in ("health", "page script")]


@pytest.mark.sample(6)
@pytest.mark.parametrize("attempt", CLOSED)
def test_token_of_other_collections_is_told_nothing_at_all(door: Door, attempt: str) -> None:
    method, path, given = TRIES[attempt]
    reply = door.call("elsewhere", method, path, **given)
    assert reply.status_code == 403
    assert reply.json() == {
        "error": {"message": "This token is for other collections than those here."}
    }


def test_token_of_both_gets_what_the_other_one_does_not(door: Door) -> None:
    ask = door.call("both", "POST", "/v1/ask", json={"question": QUESTION}).json()
    assert ask["text"] == "The bonus of the directors is 90,000 euros. [1]"
    assert ask["citations"][0]["document"] == "vault/pay.md"
    only = {"question": QUESTION, "collection": "vault"}
    assert door.call("both", "POST", "/v1/ask", json=only).json()["text"] == ask["text"]
    listed = door.call("both", "GET", "/v1/documents").json()["documents"]
    assert [each["path"] for each in listed] == ["open/canteen.md", "open/mail.md", "vault/pay.md"]
    models = door.call("both", "GET", "/v1/models").json()["data"]
    assert [each["id"] for each in models] == ["footnote", "footnote:open", "footnote:vault"]
    said = door.call("both", "POST", "/v1/chat/completions", json=chat("footnote:vault")).json()
    assert said["model"] == "footnote:vault"
    assert "90,000 euros" in said["choices"][0]["message"]["content"]
    page = door.call("both", "GET", "/documents/vault/pay.md?start=20&end=30").text
    assert '<mark id="quote"' in page
    asked = door.call("both", "POST", "/mcp", **tool("ask", question=QUESTION, collection="vault"))
    assert "90,000 euros" in asked.text
    shown = door.call("both", "POST", "/mcp", **rpc("tools/list")).text
    assert "There are: open, vault." in shown


def test_collection_that_is_only_read_is_not_changed(door: Door) -> None:
    for method, path, given in (
        ("PUT", "/v1/documents/vault/new.md", {"content": b"words"}),
        ("DELETE", "/v1/documents/vault/pay.md", {}),
    ):
        reply = door.call("reads-vault", method, path, **given)
        assert reply.status_code == 403
        assert "Your token may read" in reply.json()["error"]["message"]
    unknown = door.call("reads-vault", "PUT", "/v1/documents/new.md", content=b"words")
    assert unknown.status_code == 404
    assert "there are: open, vault" in unknown.json()["error"]["message"]


def test_file_is_added_to_the_collection_that_its_path_names(door: Door) -> None:
    reply = door.call("open", "PUT", "/v1/documents/open/lifts.md", content=b"# Lifts\n\nTwo.\n")
    assert (reply.status_code, reply.json()["path"]) == (201, "open/lifts.md")
    assert door.call("open", "DELETE", "/v1/documents/open/lifts.md").status_code == 202


def page_of(door: Door, who: str) -> PageCalls:
    page = PageCalls(door.client, door.tokens[who])
    page.send("load", "")
    return page


def tools_of(door: Door, who: str) -> set[str]:
    listed = door.call(who, "POST", "/mcp", **rpc("tools/list")).text
    data = listed.partition("data: ")[2] if listed.startswith(("event:", "data:")) else listed
    return {each["name"] for each in json.loads(data)["result"]["tools"]}


def test_every_route_of_the_openapi_and_every_tool_is_tried(door: Door) -> None:
    paths = door.call("both", "GET", "/openapi.json").json()["paths"]
    routes = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    tried = {(method, path.partition("?")[0]) for method, path, _ in TRIES.values()}
    untried = {
        (method, path)
        for method, path in routes
        if not any(
            method == used and re.fullmatch(re.sub(r"\{\w+\}", ".+", path), at)
            for used, at in tried
        )
    }
    # It asks for no token and counts documents only.
    assert untried == {("GET", "/readyz")}
    called = [given["json"] for _, path, given in TRIES.values() if path == "/mcp"]
    names = {each["params"]["name"] for each in called if each["method"] == "tools/call"}
    assert names == tools_of(door, "both")


HELD = "HELD"  # stands for a conversation of another token, in which the secret is told
VAULT = '{"collections": ["vault"], "filters": {"folders": ["vault"]}}'
CHANGED: JSON = {"number": 1, "changed": ["choice", "collections", "filters"]}
# Every event of the page: what the page sends of its own, and with the event.
EVENTS_OF_THE_PAGE: dict[str, tuple[list[object], JSON]] = {
    "load": ([HELD], {}),
    "indexed": ([HELD, VAULT], {}),
    "submit": ([QUESTION, None, "", VAULT], {}),
    "ask_suggested": ([None, "", None], {"question": QUESTION}),
    "ask_again": ([None, HELD, VAULT], {}),
    "edit": ([None, HELD, None], {"turn": "t1", "question": QUESTION}),
    "stop": ([None, HELD], {}),
    "choose": ([HELD, None, VAULT], CHANGED),
    "choose_collection": (["", None, VAULT], CHANGED),
    "find_chats": ([HELD], {"words": "bonus"}),
    "new_chat": ([], {}),
    "open_chat": ([], {"chat": HELD}),
    "rename_chat": ([HELD], {"chat": HELD, "title": "Mine"}),
    "export_chat": ([], {"chat": HELD}),
    "delete_chat": ([HELD], {"chat": HELD}),
    "refresh": ([VAULT], {}),
    "suggest": ([], {"document": "vault/pay.md"}),
    "delete_document": ([None], {"document": "vault/pay.md"}),
}
AS_SENT = {"suggest", "delete_document"}  # what the page sent is named in the reply


@pytest.fixture(scope="module")
def held(door: Door) -> str:
    """The id of a conversation of a token of both collections."""
    page = page_of(door, "both")
    page.send("submit", QUESTION, None, "", None)
    assert "90,000" in page.shown["current"]
    chat: str = page.shown["chat-id"].split('"')[1]
    return chat


@pytest.mark.sample(5)
@pytest.mark.parametrize("event", EVENTS_OF_THE_PAGE)
def test_page_of_a_token_of_one_collection_shows_nothing_of_another(
    door: Door, held: str, event: str
) -> None:
    inputs, detail = EVENTS_OF_THE_PAGE[event]
    page = page_of(door, "open")
    inputs = [f'<i data-chat="{held}"></i>' if each == HELD else each for each in inputs]
    page.send(event, *inputs, **{k: held if v == HELD else v for k, v in detail.items()})
    shown = str(page.shown).replace(QUESTION, "")
    assert [secret for secret in SECRETS if secret in shown] == []
    assert ("vault" in shown) == (event in AS_SENT)
    assert "open/mail.md" in shown
    kept = page_of(door, "both")
    kept.send("open_chat", chat=held)
    assert "90,000" in kept.shown["current"]


def test_every_event_of_the_page_is_tried(door: Door) -> None:
    config = door.call("both", "GET", "/config").json()
    events = {name for each in config["dependencies"] for _, name in each["targets"]}
    # What follows on another event, and ratings, which find an answer only in one's own history.
    assert events - EVENTS_OF_THE_PAGE.keys() == {"then", "rate", "give_reason"}


def test_page_asks_the_collection_that_is_chosen(door: Door) -> None:
    page = page_of(door, "both")
    assert page.shown["scope"].count("<option") == 3
    assert "pay.md" in page.shown["documents"]
    page.choose("", "choose_collection", collections=["open"])
    assert "pay.md" not in page.shown["documents"]
    assert 'data-folder="open/"' in page.shown["documents"]
    page.send("submit", QUESTION, None, "", page.asked_by)
    assert "90,000" not in page.shown["current"]
    assert "The question went only to what was chosen: open." in page.shown["current"]
    chat_id = page.shown["chat-id"]
    other = page_of(door, "both")
    other.send("load", chat_id)
    assert other.choice["collections"] == ["open"]


def test_readiness_needs_no_token_and_counts_all(door: Door) -> None:
    assert door.client.get("/readyz").json()["documents"] == 3

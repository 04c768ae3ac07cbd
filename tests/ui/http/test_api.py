"""Over HTTP: the same answers as from the engine, clear refusals of bad requests, closed doors."""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from typing import Any

import pytest
from fastapi.testclient import TestClient

from index.catalog.reader import DocumentInfo
from index.errors import BeingIndexed, EmptyIndex, IndexMismatch, StoreError
from index.settings import load_settings
from rag.engine import Engine
from rag.schema import AnswerBody, SearchBody
from rag.settings import Settings
from rag.types import Answers, AskOptions, Delta, Event, Turn
from tests.helpers.serving import FakeEngine
from ui.app import make_app

pytestmark = pytest.mark.model

PARIS = "Who met in Paris?"
NORWAY = "What is the capital of Norway?"
NEVER_THE_SAME = {"seconds"}
JSON = dict[str, Any]


@pytest.fixture(scope="module")
def client(engine: Engine) -> TestClient:
    return client_of(engine)


def client_of(engine: Answers) -> TestClient:
    app = make_app(engine, load_settings(Settings))
    return TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False)


def ask(client: TestClient, **body: object) -> JSON:
    answer: JSON = client.post("/v1/ask", json=body).json()
    return answer


def events(client: TestClient, **body: object) -> list[tuple[str, JSON]]:
    reply = client.post("/v1/ask", json=body, headers={"Accept": "text/event-stream"})
    assert reply.headers["content-type"].startswith("text/event-stream")
    frames = [frame.split("\n") for frame in reply.text.strip().split("\n\n")]
    return [
        (name.removeprefix("event: "), json.loads(data.removeprefix("data: ")))
        for name, data in frames
    ]


def timeless(answer: JSON) -> JSON:
    return {name: value for name, value in answer.items() if name not in NEVER_THE_SAME}


def message(body: JSON) -> str:
    assert list(body) == ["error"]
    assert list(body["error"]) == ["message"]
    return str(body["error"]["message"])


def test_ask_gives_the_engines_answer_with_exact_quotes(client: TestClient, engine: Engine) -> None:
    answer = ask(client, question=PARIS)
    expected = AnswerBody.of(engine.answer(PARIS)).model_dump(mode="json")
    assert timeless(answer) == timeless(expected)
    for name in ("David Barnea", "William J. Burns", "Mohammed bin Abdulrahman Al Thani"):
        assert name in answer["text"]
    for citation in answer["citations"]:
        document = client.get(f"/v1/documents/{citation['document']}").json()
        assert document["text"][citation["start"] : citation["end"]] == citation["quote"]
        assert document["digest"] == citation["digest"]


def test_ask_what_no_document_says_refuses_and_lists_passages(client: TestClient) -> None:
    answer = ask(client, question=NORWAY)
    assert answer["refusal"]["reason"] == "no_evidence"
    assert answer["citations"] == []
    assert answer["passages"]


def test_ask_with_turns_is_answered_as_a_follow_up(client: TestClient, engine: Engine) -> None:
    turn = Turn(PARIS, "David Barnea and William J. Burns met in Paris.")
    question = "When were those talks held?"
    answer = ask(
        client, question=question, turns=[{"question": turn.question, "answer": turn.answer}]
    )
    expected = AnswerBody.of(engine.answer(question, (turn,))).model_dump(mode="json")
    assert timeless(answer) == timeless(expected)
    assert answer["question"] == question


def test_ask_with_settings_is_answered_by_them_and_counted(client: TestClient) -> None:
    line = 'footnote_questions_total{outcome="answered"} '

    def counted() -> float:
        text = client.get("/metrics").text
        return float(text.partition(line)[2].partition("\n")[0] or 0)

    usual, before = ask(client, question=PARIS), counted()
    few = ask(client, question=PARIS, settings={"passages": 2, "composer": "quotes"})
    assert few["passages"] == usual["passages"][:2]
    assert few["text"] == usual["text"]
    assert few["fingerprint"] != usual["fingerprint"]
    assert counted() == before + 1
    *_, done = events(client, question=PARIS, settings={"passages": 2})
    assert timeless(done[1]) == timeless(few)
    assert timeless(ask(client, question=PARIS, settings={})) == timeless(usual)


def test_ask_for_quotes_of_a_server_with_an_llm_asks_nothing_of_it(engine: Engine) -> None:
    app = make_app(engine, load_settings(Settings, llm_url="http://127.0.0.1:9/v1"))
    client = TestClient(app, base_url="http://127.0.0.1")
    answer = ask(client, question=PARIS, settings={"composer": "quotes"})
    assert (answer["composer"], answer["refusal"], answer["note"]) == ("quotes", None, "")


@pytest.mark.parametrize("question", [PARIS, NORWAY])
def test_ask_as_events_ends_with_the_same_answer(client: TestClient, question: str) -> None:
    received = events(client, question=question)
    names = [name for name, _ in received]
    deltas = names[1:-1]
    assert names[0] == "retrieved"
    assert set(deltas) <= {"delta"}
    assert names[-1] == "done"
    answer = received[-1][1]
    assert timeless(answer) == timeless(ask(client, question=question))
    assert received[0][1] == {"query": answer["query"], "passages": answer["passages"]}
    assert bool(deltas) is (question == PARIS)


def test_search_gives_the_engines_hits(client: TestClient, engine: Engine) -> None:
    found = client.post("/v1/search", json={"query": "hostages", "k": 3}).json()
    assert found == SearchBody.of(*engine.search("hostages", 3)).model_dump(mode="json")
    assert [passage["rank"] for passage in found["passages"]] == [1, 2, 3]


def test_search_ranks_as_ask_does(client: TestClient) -> None:
    found = client.post("/v1/search", json={"query": PARIS, "k": 8}).json()
    assert found["passages"] == ask(client, question=PARIS)["passages"]


def test_documents_lists_every_seed(client: TestClient) -> None:
    body = client.get("/v1/documents").json()
    assert body["generation"] == 1
    assert [entry["path"] for entry in body["documents"]] == [
        "brief.md",
        "diplomacy.docx",
        "disputes.html",
        "how-talks-work.txt",
        "terms.pdf",
        "who-is-who.csv",
    ]
    assert all(entry["passages"] > 0 and entry["failure"] is None for entry in body["documents"])


def test_document_has_its_headings_and_pages(client: TestClient) -> None:
    document = client.get("/v1/documents/terms.pdf").json()
    assert document["title"] == "The terms on the table"
    assert len(document["page_starts"]) == 2
    for heading in document["headings"]:
        start = heading["start"]
        assert document["text"][start:].startswith(heading["text"])


@pytest.mark.parametrize("path", ["nothing.md", "../pyproject.toml", "%2e%2e/secret", ""])
def test_document_that_is_not_indexed_is_a_404(client: TestClient, path: str) -> None:
    reply = client.get(f"/v1/documents/{path}" if path else "/v1/documents//")
    assert reply.status_code == 404
    assert message(reply.json())


def test_document_page_marks_the_quoted_words(client: TestClient) -> None:
    citation = ask(client, question=PARIS)["citations"][0]
    reply = client.get(
        f"/documents/{citation['document']}",
        params={"start": citation["start"], "end": citation["end"], "digest": citation["digest"]},
    )
    assert reply.status_code == 200
    assert f'<mark id="quote" tabindex="-1">{citation["quote"]}</mark>' in reply.text
    assert "default-src 'none'" in reply.headers["content-security-policy"]


def test_document_page_of_an_unknown_document_is_a_404_page(client: TestClient) -> None:
    reply = client.get("/documents/nothing.md")
    assert reply.status_code == 404
    assert "no document &#x27;nothing.md&#x27;" in reply.text


def test_health_and_readiness_of_a_usable_index(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"generation": 1, "documents": 6}


@pytest.mark.parametrize(
    ("path", "body", "says"),
    [
        ("/v1/ask", {}, "question: Field required"),
        ("/v1/ask", {"question": "   "}, "question: String should have at least 1 character"),
        ("/v1/ask", {"question": "x" * 4001}, "question: String should have at most 4000"),
        ("/v1/ask", {"question": "q", "turn": []}, "turn: Extra inputs are not permitted"),
        ("/v1/ask", {"question": "q", "turns": [{"question": "a"}]}, "turns.0.answer: Field req"),
        (
            "/v1/ask",
            {"question": "q", "turns": [{"question": "a", "answer": "b"}] * 21},
            "turns: List should have at most 20 items",
        ),
        (
            "/v1/ask",
            {"question": "q", "turns": [{"question": "a", "answer": "b" * 16_000}] * 2},
            "turns may hold 32,000 characters in all",
        ),
        ("/v1/ask", {"question": "q", "settings": {"k": 3}}, "settings.k: Extra inputs are not"),
        ("/v1/ask", {"question": "q", "settings": {"passages": 0}}, "settings.passages: Input sh"),
        (
            "/v1/ask",
            {"question": "q", "settings": {"passages": 21}},
            "settings.passages: at most 20",
        ),
        (
            "/v1/ask",
            {"question": "q", "settings": {"composer": "x"}},
            "settings.composer: Input sh",
        ),
        (
            "/v1/ask",
            {"question": "q", "settings": {"composer": "llm"}},
            "settings.composer: this server has no LLM; ask for 'quotes'",
        ),
        ("/v1/search", {"query": "q", "k": 0}, "k: Input should be greater than or equal to 1"),
        ("/v1/search", {"query": "q", "k": 51}, "k: Input should be less than or equal to 50"),
    ],
)
def test_request_beyond_a_limit_is_a_422_that_names_it(
    client: TestClient, path: str, body: dict[str, object], says: str
) -> None:
    reply = client.post(path, json=body)
    assert reply.status_code == 422
    assert says in message(reply.json())


def test_request_that_is_refused_is_not_echoed(client: TestClient) -> None:
    reply = client.post("/v1/ask", json={"question": {"secret": "hunter2"}})
    assert reply.status_code == 422
    assert "hunter2" not in reply.text


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"{", "The body is not JSON."), (b'{"question": "\\ud800"}', "The body holds half of")],
)
def test_request_that_is_no_text_is_a_422(client: TestClient, content: bytes, says: str) -> None:
    headers = {"Content-Type": "application/json"}
    reply = client.post("/v1/ask", content=content, headers=headers)
    assert reply.status_code == 422
    assert message(reply.json()).startswith(says)


def test_document_is_read_page_by_page(client: TestClient, engine: Engine) -> None:
    whole = client.get("/v1/documents/brief.md").json()
    text = engine.document("brief.md").text
    assert (whole["text"], whole["offset"], whole["total"]) == (text, 0, len(text))
    pages = [
        client.get(f"/v1/documents/brief.md?offset={offset}&limit=100").json()
        for offset in range(0, len(text) + 100, 100)
    ]
    assert "".join(page["text"] for page in pages) == text
    assert [each for page in pages for each in page["headings"]] == whole["headings"]
    assert pages[-1]["text"] == ""
    for wrong in ("offset=-1", "limit=0", "limit=200001", "offset=x"):
        assert client.get(f"/v1/documents/brief.md?{wrong}").status_code == 422


def test_documents_are_listed_page_by_page(client: TestClient) -> None:
    whole = client.get("/v1/documents").json()
    assert whole["total"] == len(whole["documents"]) == 6
    some = client.get("/v1/documents?offset=4&limit=1").json()
    assert (some["total"], some["documents"]) == (6, whole["documents"][4:5])


def test_body_beyond_a_megabyte_is_a_413(client: TestClient) -> None:
    headers = {"Content-Type": "application/json"}
    reply = client.post("/v1/ask", content=b" " * 1_000_001, headers=headers)
    assert reply.status_code == 413
    assert message(reply.json()) == "The request is larger than 1 MB."


def test_body_beyond_a_megabyte_without_a_length_is_a_413(client: TestClient) -> None:
    headers = {"Content-Type": "application/json"}
    chunks = (b" " * 100_000 for _ in range(11))
    reply = client.post("/v1/ask", content=chunks, headers=headers)
    assert reply.status_code == 413
    assert message(reply.json()) == "The request is larger than 1 MB."


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/v1/ask", "POST"),
        ("DELETE", "/v1/search", "POST"),
        ("GET", "/v1/chat/completions", "POST"),
        ("POST", "/v1/documents/brief.md", "DELETE, GET, PUT"),
    ],
)
def test_method_that_is_not_there_is_a_405_that_names_those_that_are(
    client: TestClient, method: str, path: str, allowed: str
) -> None:
    reply = client.request(method, path)
    assert reply.status_code == 405
    assert reply.headers["allow"] == allowed
    assert message(reply.json()) == "Method Not Allowed"


def test_address_that_is_not_there_is_a_404(client: TestClient) -> None:
    reply = client.get("/v1/nothing")
    assert reply.status_code == 404
    assert message(reply.json()) == "There is nothing at this address."


class Faulty(FakeEngine):
    """An engine whose index has a fault."""

    def __init__(self, fault: Exception, after: int = 0) -> None:
        super().__init__()
        self.fault = fault
        self.after = after

    def stream(
        self, question: str, turns: Sequence[Turn] = (), options: AskOptions = AskOptions()
    ) -> Generator[Event, None, None]:
        yield from [Delta("some words")] * self.after
        raise self.fault

    def documents(self) -> list[DocumentInfo]:
        raise self.fault


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (EmptyIndex("nothing is indexed yet; run: footnote index FOLDER"), 503),
        (StoreError("the index is busy"), 503),
        (IndexMismatch("built with another model"), 409),
    ],
)
@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
def test_fault_of_the_index_is_a_status_and_its_sentence(
    fault: Exception, status: int, accept: str
) -> None:
    reply = client_of(Faulty(fault)).post(
        "/v1/ask", json={"question": "q"}, headers={"Accept": accept}
    )
    assert reply.status_code == status
    assert message(reply.json()) == str(fault)


def test_fault_nobody_foresaw_is_a_500_without_details() -> None:
    reply = client_of(Faulty(RuntimeError("secret /etc/passwd"))).post(
        "/v1/ask", json={"question": "q"}
    )
    assert reply.status_code == 500
    assert message(reply.json()) == "Something went wrong on the server; its log says what."


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (StoreError("the index is busy"), "the index is busy"),
        (RuntimeError("secret"), "went wrong"),
    ],
)
def test_fault_amid_the_events_ends_them_with_an_error(fault: Exception, says: str) -> None:
    received = events(client_of(Faulty(fault, after=2)), question="q")
    assert [name for name, _ in received] == ["delta", "delta", "error"]
    assert says in received[-1][1]["error"]["message"]
    assert "secret" not in str(received)


def test_readiness_of_an_empty_index_is_a_503_that_says_what_to_do() -> None:
    fault = EmptyIndex("nothing is indexed yet; run: footnote index FOLDER")
    reply = client_of(Faulty(fault)).get("/readyz")
    assert reply.status_code == 503
    assert "footnote index" in message(reply.json())


def test_index_that_is_being_made_is_a_503_that_says_when_to_come_back() -> None:
    fault = BeingIndexed("the documents are being read for the first time (3 of 9 files read)")
    client = client_of(Faulty(fault))
    for reply in (client.get("/readyz"), client.post("/v1/ask", json={"question": "q"})):
        assert (reply.status_code, reply.headers["Retry-After"]) == (503, "5")
        assert message(reply.json()) == str(fault)


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost@evil", ""])
def test_request_by_another_host_name_is_refused(client: TestClient, host: str) -> None:
    assert client.get("/healthz", headers={"Host": host}).status_code == 400


@pytest.mark.parametrize("host", ["127.0.0.1:7860", "localhost", "LOCALHOST:1", "[::1]:7860"])
def test_request_by_a_name_of_this_machine_is_taken(client: TestClient, host: str) -> None:
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "http://127.0.0.1:1", "null"])
def test_post_from_another_origin_is_refused(client: TestClient, origin: str) -> None:
    reply = client.post("/v1/search", json={"query": "q"}, headers={"Origin": origin})
    assert reply.status_code == 403
    assert "access-control-allow-origin" not in reply.headers


def test_post_from_the_own_origin_is_taken(client: TestClient) -> None:
    headers = {"Origin": "http://127.0.0.1"}
    assert client.post("/v1/search", json={"query": "q"}, headers=headers).status_code == 200


def test_page_that_lost_its_server_is_told_that_it_is_back(client: TestClient) -> None:
    known = client.get("/config").json()["app_id"]
    assert client.get("/gradio_api/app_id").json() == {"app_id": known}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/gradio_api/upload"),
        ("GET", "/gradio_api/file=/etc/passwd"),
        ("GET", "/gradio_api/file=http://127.0.0.1/"),
        ("GET", "/gradio_api/proxy=http://127.0.0.1/"),
        ("POST", "/gradio_api/run/ask"),
        ("POST", "/gradio_api/call/ask"),
        ("POST", "/gradio_api/component_server"),
        ("GET", "/gradio_api/info"),
        ("GET", "/gradio_api/openapi.json"),
        ("GET", "/monitoring/summary"),
        ("POST", "/gradio_api/vibe-edit"),
        ("POST", "/login"),
        ("GET", "/docs"),
        ("GET", "//gradio_api/info"),
        ("GET", "/custom_component/a/b/c/d"),
    ],
)
def test_address_that_the_page_does_not_need_is_closed(
    client: TestClient, method: str, path: str
) -> None:
    reply = client.request(method, f"http://127.0.0.1{path}")
    assert reply.status_code == 404
    assert message(reply.json()) == "There is nothing at this address."


def test_every_reply_forbids_sniffing_and_framing_by_others(client: TestClient) -> None:
    for path in ("/", "/healthz", "/nowhere", "/documents/brief.md", "/page/chat.css"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "frame-ancestors" in headers["content-security-policy"]


def test_openapi_describes_the_routes_and_their_errors(client: TestClient) -> None:
    spec = client.get("/openapi.json").json()
    assert set(spec["paths"]) == {
        "/v1/ask",
        "/v1/search",
        "/v1/follow-ups",
        "/v1/documents",
        "/v1/documents/{path}",
        "/v1/sync",
        "/v1/models",
        "/v1/models/{model}",
        "/v1/chat/completions",
        "/v1/embeddings",
        "/v1/rerank",
        "/healthz",
        "/readyz",
    }
    wanted = spec["components"]["schemas"]["SettingsBody"]
    assert set(wanted["properties"]) == {"composer", "passages", "strict"}
    assert "required" not in wanted
    replies = spec["paths"]["/v1/ask"]["post"]["responses"]
    before = {"400", "401", "403", "408", "413", "429", "431"}  # the operation is reached
    assert set(replies) == {"200", "404", "422", "503"} | before
    assert set(spec["paths"]["/healthz"]["get"]["responses"]) == {"200", "503"} | before - {
        *("401", "403", "429")
    }
    assert set(replies["200"]["content"]) == {"application/json", "text/event-stream"}


def test_filters_leave_the_documents_that_are_asked(client: TestClient) -> None:
    listed = [each["path"] for each in client.get("/v1/documents").json()["documents"]]
    cited = ask(client, question=PARIS)["citations"][0]["document"]
    others = [path for path in listed if path != cited]
    found = ask(client, question=PARIS, filters={"documents": others})
    assert {each["document"] for each in found["passages"]} <= set(others)
    only = ask(client, question=PARIS, filters={"documents": [cited], "types": ["md"]})
    assert {each["document"] for each in only["passages"]} == {cited}
    hits = client.post("/v1/search", json={"query": PARIS, "filters": {"documents": others}}).json()
    assert {each["document"] for each in hits["passages"]} <= set(others)


@pytest.mark.parametrize(
    ("filters", "status", "told"),
    [
        ({"documents": ["no.md"]}, 404, "no document is left by these filters; choose others"),
        ({"folders": [""]}, 422, "filters.folders.0: String should have at least 1 character"),
        ({"kinds": ["x"]}, 422, "filters.kinds: Extra inputs are not permitted"),
    ],
)
def test_filters_that_leave_nothing_are_refused_in_words(
    client: TestClient, filters: JSON, status: int, told: str
) -> None:
    reply = client.post("/v1/ask", json={"question": PARIS, "filters": filters})
    assert (reply.status_code, message(reply.json())) == (status, told)

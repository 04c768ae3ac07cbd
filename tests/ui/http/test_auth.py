"""Who may call: hosts, sites, tokens, rates and sizes, over the whole application."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from index.catalog.writer import writer_lock
from index.settings import load_settings
from rag.settings import Settings
from tests.helpers.serving import FakeEngine
from ui.app import make_app
from ui.service.library import Library
from ui.service.settings import ServiceSettings
from ui.service.tokens import RateLimit, Tokens

pytestmark = pytest.mark.unit

ASK = {"question": "What is the capital of Norway?"}
# One address of each kind, with what it answers a caller who may read.
READ = [
    ("GET", "/", 200),
    ("GET", "/config", 200),
    ("GET", "/openapi.json", 200),
    ("GET", "/metrics", 200),
    ("GET", "/documents/a.md", 200),
    ("GET", "/v1/documents", 200),
    ("GET", "/v1/documents/a.md", 200),
    ("GET", "/v1/sync", 200),
    ("GET", "/v1/models", 200),
    ("POST", "/v1/ask", 200),
]
WRITE = [
    ("PUT", "/v1/documents/b.exe", 415),
    ("DELETE", "/v1/documents/b.md", 404),
]


def client_of(data: Path, host: str = "127.0.0.1", **wanted: Any) -> TestClient:
    settings = load_settings(Settings, data=data)
    service = load_settings(ServiceSettings, data=data, **wanted).for_host(host)
    app = make_app(FakeEngine(), settings, ("*",) if host == "0.0.0.0" else (host,), service)
    return TestClient(app, f"http://{host}", raise_server_exceptions=False)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose index is empty but for the folder that it belongs to."""
    from index.catalog.writer import CatalogWriter

    folder = tmp_path_factory.mktemp("access")
    (folder / "corpus").mkdir()
    (folder / "data").mkdir()
    catalog = CatalogWriter.create(folder / "data")
    with catalog.transaction():
        catalog.set_meta("corpus", str(folder / "corpus"))
        catalog.set_meta("generation", "1")
    catalog.close()
    return folder / "data"


@pytest.fixture(scope="module")
def open_client(data: Path) -> TestClient:
    """On loopback, where no token is asked for."""
    return client_of(data)


@pytest.fixture(scope="module")
def plain_client(data: Path) -> TestClient:
    """Made without a word on who may call."""
    app = make_app(FakeEngine(), load_settings(Settings, data=data))
    return TestClient(app, "http://127.0.0.1")


@pytest.fixture(scope="module")
def one_mb_client(data: Path) -> TestClient:
    """On loopback, where uploads of up to one MB are taken."""
    settings = load_settings(Settings, data=data, max_file_mb=1)
    wanted = load_settings(ServiceSettings, data=data).for_host("127.0.0.1")
    app = make_app(FakeEngine(), settings, wanted=wanted)
    return TestClient(app, "http://127.0.0.1", raise_server_exceptions=False)


@pytest.fixture(scope="module")
def tokens(data: Path) -> dict[str, str]:
    made = Tokens(data)
    return {"read": made.make()[1], "write": made.make(write=True)[1]}


@pytest.fixture(scope="module")
def _locked(data: Path, tokens: dict[str, str]) -> TestClient:
    return client_of(data, "0.0.0.0", requests_per_minute=0)


@pytest.fixture
def locked(_locked: TestClient) -> Iterator[TestClient]:
    """On an address that others reach."""
    _locked.cookies.clear()
    yield _locked
    _locked.cookies.clear()


def call(client: TestClient, method: str, path: str, **headers: str) -> Any:  # noqa: ANN401
    body = ASK if path == "/v1/ask" else None
    return client.request(method, path, json=body, headers=headers, follow_redirects=False)


@pytest.mark.parametrize(("method", "path", "status"), READ + WRITE)
def test_loopback_asks_for_no_token(
    open_client: TestClient, method: str, path: str, status: int
) -> None:
    assert call(open_client, method, path).status_code == status


@pytest.mark.parametrize(("method", "path", "status"), READ + WRITE)
@pytest.mark.parametrize("shown", ["", "Bearer", "Bearer fn_wrong", "Basic {read}", "{read}"])
def test_caller_without_a_token_gets_nothing(
    locked: TestClient, tokens: dict[str, str], method: str, path: str, status: int, shown: str
) -> None:
    reply = call(locked, method, path, Authorization=shown.format(**tokens))
    assert reply.status_code == 401
    assert reply.headers["www-authenticate"] == "Bearer"
    assert reply.json() == {"error": {"message": "A token is needed here."}}


@pytest.mark.parametrize(("method", "path", "status"), READ)
@pytest.mark.parametrize("scope", ["read", "write"])
def test_reading_takes_any_token(
    locked: TestClient, tokens: dict[str, str], method: str, path: str, status: int, scope: str
) -> None:
    reply = call(locked, method, path, Authorization=f"Bearer {tokens[scope]}")
    assert reply.status_code == status


@pytest.mark.parametrize(("method", "path", "status"), WRITE)
def test_writing_takes_a_token_that_may_write(
    locked: TestClient, tokens: dict[str, str], method: str, path: str, status: int
) -> None:
    reply = call(locked, method, path, Authorization=f"Bearer {tokens['read']}")
    assert reply.status_code == 403
    assert "footnote token new --write" in reply.json()["error"]["message"]
    assert call(locked, method, path, Authorization=f"bearer {tokens['write']}").status_code == (
        status
    )


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/page/icon.svg", "/login"])
def test_probes_and_the_login_page_are_open(locked: TestClient, path: str) -> None:
    assert call(locked, "GET", path).status_code == 200


@pytest.mark.parametrize(
    ("path", "host"),
    [
        ("/v1/documents", "evil/page/"),
        ("/v1/documents", "evil/healthz?"),
        ("/v1/documents", "evil/login#"),
        ("/page/../v1/documents", "evil"),
        ("/page/%2e%2e/v1/documents", "evil"),
        ("//v1/documents", "evil"),
        ("/healthz/../v1/documents", "evil"),
        ("/v1/documents/", "evil"),
    ],
)
def test_no_trick_of_path_or_host_gets_past_the_token(
    locked: TestClient, path: str, host: str
) -> None:
    reply = locked.get(f"http://0.0.0.0{path}", headers={"Host": host}, follow_redirects=False)
    assert reply.status_code in {400, 401, 404}
    assert "a.md" not in reply.text


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/healthz"),
        ("GET", "/documents/a.md"),
        ("POST", "/v1/ask"),
        ("POST", "/v1/chat/completions"),
        ("POST", "/mcp"),
        ("PUT", "/v1/documents/a.md"),
    ],
)
@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "[::1", "a b", ""])
def test_host_header_of_another_server_is_refused_in_a_sentence(
    open_client: TestClient, method: str, path: str, host: str
) -> None:
    reply = call(open_client, method, path, Host=host)
    assert reply.status_code == 400
    assert reply.json()["error"]["message"].startswith("The Host header names another server; ")
    assert reply.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:7860", "LocalHost:1", "[::1]:7860"])
def test_host_header_that_names_this_server_is_taken(plain_client: TestClient, host: str) -> None:
    assert call(plain_client, "GET", "/healthz", Host=host).status_code == 200


def test_browser_without_a_token_is_led_to_the_login_page(locked: TestClient) -> None:
    reply = call(locked, "GET", "/", Accept="text/html")
    assert (reply.status_code, reply.headers["location"]) == (303, "/login")
    assert '<form method="post" action="/login">' in locked.get("/login").text


def test_login_sets_a_cookie_that_opens_the_page(
    locked: TestClient, tokens: dict[str, str]
) -> None:
    reply = locked.post("/login", data={"token": tokens["read"]}, follow_redirects=False)
    assert (reply.status_code, reply.headers["location"]) == (303, "/")
    cookie = reply.headers["set-cookie"]
    for part in ("HttpOnly", "SameSite=lax", "Path=/"):
        assert part in cookie
    assert "Secure" not in cookie
    assert locked.get("/", headers={"Accept": "text/html"}).status_code == 200


def test_link_to_a_passage_opens_it_after_the_login(
    locked: TestClient, tokens: dict[str, str]
) -> None:
    link = "/documents/a b.md?start=1&end=3&digest=ab"
    reply = call(locked, "GET", "/documents/a%20b.md?start=1&end=3&digest=ab", Accept="text/html")
    assert reply.status_code == 303
    page = locked.get(reply.headers["location"]).text
    assert 'name="next" value="/documents/a b.md?start=1&amp;end=3&amp;digest=ab#quote"' in page
    form = {"token": tokens["read"], "next": f"{link}#quote"}
    there = locked.post("/login", data=form, follow_redirects=False).headers["location"]
    assert there == f"{link}#quote".replace(" ", "%20")


@pytest.mark.parametrize("elsewhere", ["//evil.example", "https://evil.example/documents/", "/x"])
def test_login_leads_to_no_other_address(
    locked: TestClient, tokens: dict[str, str], elsewhere: str
) -> None:
    form = {"token": tokens["read"], "next": elsewhere}
    reply = locked.post("/login", data=form, follow_redirects=False)
    assert reply.headers["location"] == "/"


def test_login_over_tls_sets_a_secure_cookie(locked: TestClient, tokens: dict[str, str]) -> None:
    headers = {"Origin": "https://0.0.0.0"}
    reply = locked.post(
        "/login", data={"token": tokens["read"]}, headers=headers, follow_redirects=False
    )
    assert "; Secure" in reply.headers["set-cookie"]


def test_wrong_token_at_login_sets_nothing_and_is_not_echoed(data: Path) -> None:
    client = client_of(data, "0.0.0.0")
    replies = [client.post("/login", data={"token": "fn_hunter2"}) for _ in range(11)]
    assert [reply.status_code for reply in replies] == [401] * 10 + [429]
    assert "set-cookie" not in replies[0].headers
    assert "hunter2" not in replies[0].text
    assert 1 <= int(replies[-1].headers["retry-after"]) <= 60


def test_cookie_of_another_sites_request_does_not_write(
    locked: TestClient, tokens: dict[str, str]
) -> None:
    locked.cookies.set("footnote", tokens["write"])
    for foreign in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        for method, path, _ in WRITE:
            assert call(locked, method, path, **foreign).status_code == 403


def test_server_whose_tokens_cannot_be_read_lets_nobody_in(tmp_path: Path) -> None:
    (tmp_path / "tokens.json").write_text("{", encoding="utf-8")
    reply = client_of(tmp_path, "0.0.0.0").get("/v1/documents")
    assert reply.status_code == 503
    assert "tokens.json cannot be read" in reply.json()["error"]["message"]


def test_client_beyond_its_rate_is_told_when_to_come_back(data: Path) -> None:
    client = client_of(data, requests_per_minute=3)
    statuses = [client.post("/v1/ask", json=ASK).status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    reply = client.post("/v1/ask", json=ASK)
    assert 1 <= int(reply.headers["retry-after"]) <= 60
    assert re.fullmatch(
        r"Too many requests; ask again in \d+ s\.", reply.json()["error"]["message"]
    )
    reads = [client.get("/v1/documents").status_code for _ in range(31)]
    assert reads == [*[200] * 30, 429]
    assert client.get("/healthz").status_code == 200


def test_rate_is_counted_for_each_client() -> None:
    rate_limit = RateLimit(1)
    assert rate_limit.hit("a") == 0
    assert 1 <= rate_limit.hit("a") <= 60
    assert rate_limit.hit("b") == 0
    assert [RateLimit(0).hit("a") for _ in range(100)] == [0] * 100


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
@pytest.mark.parametrize(
    "path", ["/v1/ask", "/v1/documents/a.md", "/mcp", "/gradio_api/queue/join"]
)
def test_other_sites_send_nothing(
    open_client: TestClient, method: str, headers: dict[str, str], path: str
) -> None:
    reply = call(open_client, method, path, **headers)
    assert reply.status_code == 403
    assert "access-control-allow-origin" not in reply.headers


@pytest.mark.parametrize("path", ["/v1/ask", "/", "/gradio_api/queue/join", "/mcp"])
def test_preflight_of_another_site_is_refused(open_client: TestClient, path: str) -> None:
    reply = open_client.options(
        path,
        headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"},
    )
    assert reply.status_code >= 400
    assert "access-control-allow-origin" not in reply.headers


@pytest.mark.parametrize("announced", [True, False])
def test_upload_beyond_its_limit_is_refused(
    data: Path, one_mb_client: TestClient, announced: bool
) -> None:
    chunk = b"x" * 1_100_000
    content: Any = chunk if announced else iter([chunk[:600_000], chunk[600_000:]])
    reply = one_mb_client.put("/v1/documents/big.txt", content=content)
    assert reply.status_code == 413
    assert list((data.parent / "corpus").iterdir()) == []


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("..%2Foutside.md", 422),
        ("%2Fetc%2Foutside.md", 422),
        (".hidden.md", 422),
        ("a%00b.md", 422),
        ("run.exe", 415),
        ("empty.md", 422),
    ],
)
def test_upload_of_another_name_or_kind_is_refused(
    open_client: TestClient, data: Path, name: str, status: int
) -> None:
    content = b"" if name == "empty.md" else b"words"
    assert open_client.put(f"/v1/documents/{name}", content=content).status_code == status
    assert list((data.parent / "corpus").iterdir()) == []


def test_upload_is_taken_back_before_it_is_indexed(data: Path) -> None:
    client = client_of(data)
    with writer_lock(data):  # so that its sync waits
        assert client.put("/v1/documents/notes.md", content=b"words").status_code == 201
        assert client.delete("/v1/documents/notes.md").status_code == 202
        assert list((data.parent / "corpus").iterdir()) == []
        assert client.delete("/v1/documents/notes.md").status_code == 404
        client.app.state.service.access.every(Library.close)  # type: ignore[attr-defined]


def test_uploads_that_are_switched_off_are_a_403(data: Path) -> None:
    reply = client_of(data, uploads=False).put("/v1/documents/a.md", content=b"words")
    assert reply.status_code == 403
    assert "FOOTNOTE_UPLOADS" in reply.json()["error"]["message"]


def test_request_id_is_the_callers_if_it_is_a_plain_one(open_client: TestClient) -> None:
    for given, kept in (("abc-1", True), ("a b", False), ("x" * 65, False), ("é", False)):
        shown = open_client.get("/healthz", headers=[(b"X-Request-Id", given.encode())]).headers
        assert (shown["x-request-id"] == given) is kept
        assert re.fullmatch(r"[A-Za-z0-9-]{1,64}", shown["x-request-id"])


def test_requests_are_logged_without_what_they_say(
    open_client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "ui"):
        open_client.post("/v1/ask?key=hunter2", json=ASK, headers={"X-Request-Id": "mine"})
    lines = {record.getMessage(): vars(record)["fields"] for record in caplog.records}
    assert lines["question"] == {"characters": 30, "outcome": "no_evidence", "seconds": 0.5}
    assert {"method": "POST", "route": "/v1/ask", "status": 200}.items() <= lines["request"].items()
    assert "Norway" not in str(lines)
    assert "hunter2" not in str(lines)


def test_metrics_count_questions_stages_and_requests(data: Path) -> None:
    client = client_of(data)
    for _ in range(3):
        client.post("/v1/ask", json=ASK)
    client.get("/v1/secret-name")
    text = client.get("/metrics").text
    for line in (
        'footnote_questions_total{outcome="no_evidence"} 3.0',
        'footnote_stage_seconds_sum{stage="search"} 0.75',
        'footnote_requests_total{method="POST",route="/v1/ask",status="200"} 3.0',
        'footnote_requests_total{method="GET",route="/v1/…",status="404"} 1.0',
        "footnote_answers_running 0.0",
        "footnote_generation 7.0",
    ):
        assert f"\n{line}\n" in text
    assert "secret-name" not in text

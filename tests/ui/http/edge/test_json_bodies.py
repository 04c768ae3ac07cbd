"""What JSON has not, or no door can use, is a 422 in every door, and never a 500."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from index.settings import load_settings
from rag.settings import Settings
from tests.helpers.serving import FakeEngine
from ui.app import make_app
from ui.http.edge.json_bodies import InvalidJSON, check_json
from ui.http.security import is_same_origin

pytestmark = pytest.mark.unit

JSON = {"Content-Type": "application/json"}
DOORS = {
    "/v1/ask": '{"question": %s}',
    "/v1/search": '{"query": %s}',
    "/v1/chat/completions": '{"model": "footnote", "messages": [{"role": "user", "content": %s}]}',
    "/mcp": '{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "ask", '
    '"arguments": {"question": %s}}}',
    "/gradio_api/queue/join": '{"data": [%s], "fn_index": 1, "session_hash": "a"}',
}
BAD = {
    "surrogate": b'"Who \\ud800 met?"',
    "surrogate_key": b'{"\\uDFFF": 1}',
    "surrogate_bytes": b'"\xed\xa0\x80"',
    "not_utf8": b'"\xff"',
    "nan": b"NaN",
    "infinity": b"-Infinity",
    "twice": b'{"a": 1, "a": 2}',
    "deep": b"[" * 100 + b"]" * 100,
    "very_deep": b"[" * 400_000 + b"]" * 400_000,
    "deep_objects": b'{"a":' * 70 + b"1" + b"}" * 70,
}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    data: Path = tmp_path_factory.mktemp("data")
    app = make_app(FakeEngine(), load_settings(Settings, data=data))
    return TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False)


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize("door", DOORS)
def test_body_that_is_json_for_python_alone_is_a_422(
    client: TestClient, door: str, kind: str
) -> None:
    body = DOORS[door].encode().replace(b"%s", BAD[kind])
    for content_type in ("application/json", "application/json; charset=utf-16", None):
        headers = {"Content-Type": content_type} if content_type else {}
        reply = client.post(door, content=body, headers=headers)
        assert reply.status_code == 422
        assert reply.json()["error"]["message"].endswith(".")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32-be"])
def test_body_in_another_encoding_is_refused(encoding: str) -> None:
    with pytest.raises(InvalidJSON, match="The body is not"):
        check_json('{"question": "NaN"}'.encode(encoding))


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"no json", b'{"a": "\\ud83d\\ude00", "b": "\\\\ud800"}'),
        *(b"\xef\xbb\xbf{}", b"[" * 64 + b"]" * 64, b"[" + b"[]," * 1_000 + b"1]"),
    ],
)
def test_body_that_holds_nothing_bad_is_left_to_its_door(body: bytes) -> None:
    check_json(body)


def test_body_reaches_its_door_as_it_was_sent(client: TestClient) -> None:
    body = b'{ "question" : "Who \\ud83d\\ude00 met?" }'
    assert client.post("/v1/ask", content=body, headers=JSON).json()["question"] == "Who 😀 met?"


@pytest.mark.parametrize("path", ["/", "/healthz", "/v1/ask", "/v1/documents/a.md", "/documents/a"])
@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "NONSENSE"])
def test_method_that_there_is_not_is_a_405_with_those_there_are(
    client: TestClient, method: str, path: str
) -> None:
    reply = client.request(method, path)
    assert reply.status_code == 405
    assert reply.json() == {"error": {"message": "There is no such method here."}}
    assert "GET" in reply.headers["allow"]


@pytest.mark.parametrize(
    ("origin", "scheme", "host", "same"),
    [
        ("http://a", "http", "a", True),
        ("http://a:80", "http", "a", True),
        ("http://a:7860", "http", "a:7860", True),
        ("http://A:7860", "http", "a:7860", True),
        ("https://a", "https", "a", True),
        ("https://a", "http", "a", True),
        ("http://a", "https", "a", False),
        ("http://a:81", "http", "a", False),
        ("http://a:443", "https", "a", False),
        ("http://b", "http", "a", False),
        ("ftp://a", "http", "a", False),
        ("null", "http", "a", False),
        ("http://a:99999999", "http", "a", False),
        ("http://[a", "http", "[a", False),
        ("", "http", "", False),
    ],
)
def test_origin_is_compared_by_scheme_name_and_port(
    origin: str, scheme: str, host: str, same: bool
) -> None:
    assert is_same_origin(origin, scheme, host) is same


@pytest.mark.parametrize("path", ["/documents/a.md", "/v1/documents", "/documents/a.md?picture=1"])
def test_page_of_another_site_reads_no_documents(client: TestClient, path: str) -> None:
    image = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
    frame = {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "frame"}
    link = {**image, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert client.get(path, headers=image).status_code == 403
    assert client.get(path, headers=frame).status_code == 403
    assert client.get(path, headers=link).status_code != 403
    assert client.get("/healthz", headers=image).status_code == 200


@pytest.mark.parametrize("path", ["/", "/documents/a.md", "/documents/none", "/v1/documents/a.md"])
def test_documents_are_kept_by_no_browser_and_shown_by_no_other_site(
    client: TestClient, path: str
) -> None:
    headers = client.get(path).headers
    assert headers["cache-control"] == "no-store"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    framed = path.startswith("/documents/")
    assert headers["x-frame-options"] == ("SAMEORIGIN" if framed else "DENY")
    assert (
        f"frame-ancestors {chr(39)}{'self' if framed else 'none'}"
        in headers["content-security-policy"]
    )

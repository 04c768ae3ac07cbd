"""Two servers behind one address share conversations and a rate limit; `make shared` runs this."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

import httpx
import pytest

from eval.bench.processes import ROOT, Checkout
from tests.helpers.load_balancer import balancer
from tests.helpers.page_calls import PageCalls
from tests.helpers.shared_servers import postgres, redis_server

pytestmark = [pytest.mark.full, pytest.mark.model]

QUESTION = "When do newts breed?"
A_MINUTE = 20


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sequence[str]]:
    """The addresses of two, each with an index and a data folder of its own."""
    pytest.importorskip("psycopg")
    pytest.importorskip("redis")
    folder = tmp_path_factory.mktemp("servers")
    (folder / "corpus").mkdir()
    (folder / "corpus" / "newts.md").write_text("The crested newt breeds in ponds in March.\n")
    with ExitStack() as stack:
        settings = {
            "FOOTNOTE_DATABASE": stack.enter_context(postgres()),
            "FOOTNOTE_LIMITS": stack.enter_context(redis_server())[0],
            "FOOTNOTE_REQUESTS_PER_MINUTE": str(A_MINUTE),
        }
        Checkout(ROOT, folder / "one", {}).run("index", str(folder / "corpus"))
        shutil.copytree(folder / "one", folder / "other")
        checkouts = [Checkout(ROOT, folder / name, settings) for name in ("one", "other")]
        started = [stack.enter_context(checkout.serving()) for checkout in checkouts]
        for server in started:
            server.ready_seconds()
        yield [server.address for server in started]


def test_conversation_made_at_one_server_goes_on_at_the_other(servers: Sequence[str]) -> None:
    with (
        balancer(servers, cookie="server") as address,
        httpx.Client(base_url=address, timeout=60) as first,
        httpx.Client(base_url=address, timeout=60) as second,
    ):
        page = PageCalls(first)
        page.send("load", "")
        page.send("submit", QUESTION, None, "", None)
        assert "ponds in March" in page.shown["current"]
        found = re.search('data-chat="([0-9a-f]{32})"', page.shown["chat-id"])
        assert found
        other = PageCalls(second)
        assert (first.cookies["server"], second.cookies["server"]) == ("0", "1")
        other.send("load", f'<i data-chat="{found[1]}"></i>')
        assert QUESTION in other.shown["chats"]
        other.send("open_chat", chat=found[1])
        assert "ponds in March" in other.shown["past"] + other.shown["current"]


def test_rate_limit_is_one_for_both_servers(servers: Sequence[str]) -> None:
    with balancer(servers) as address, httpx.Client(base_url=address, timeout=60) as client:
        body = {"query": "newts"}
        replies = [client.post("/v1/search", json=body) for _ in range(2 * A_MINUTE)]
    # Two limits of their own would let twice as many through, but for what the page has asked.
    counts = Counter(reply.status_code for reply in replies)
    assert counts.keys() == {200, 429}
    assert counts[200] <= A_MINUTE

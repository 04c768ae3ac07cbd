"""`footnote add`: a page becomes a document that is cited with its address."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.helpers.indexing import sharing_minilm, write
from ui.cli import main
from ui.web.fetch import Fetcher, WebPage

pytestmark = pytest.mark.model

URL = "https://example.org/owls"
PAGE = b"<title>Owls</title><p>Barn owls hunt about four voles in a night.</p>"


def test_page_is_kept_indexed_cited_with_its_address_and_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = [PAGE, PAGE.replace(b"four", b"nine")]
    monkeypatch.setattr(Fetcher, "page", lambda _, url: WebPage(url, pages.pop(0), "utf-8"))
    write(tmp_path / "docs", {"mail.md": "# Mail\n\nThe mail server is called ada.\n"})

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(main, ["--data", str(tmp_path / "data"), *arguments])

    with sharing_minilm():
        empty = run("add", URL)
        assert empty.exit_code == 2
        assert "index FOLDER" in empty.output
        run("index", str(tmp_path / "docs"))
        added = run("add", URL)
        assert added.exit_code == 0, added.output
        assert added.output.startswith(f"{URL} is kept as web/example.org-owls-")
        for voles in ("four", "nine"):
            asked = run("ask", "How many voles do barn owls hunt in a night?", "--json")
            (citation,) = json.loads(asked.output)["citations"]
            assert citation["quote"] == f"Barn owls hunt about {voles} voles in a night."
            assert citation["title"] == f"Owls · {URL}"
            if voles == "four":
                assert run("add", URL).exit_code == 0
    assert len(list((tmp_path / "docs" / "web").iterdir())) == 1

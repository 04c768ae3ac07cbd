"""docs/operating.md says of limits and deadlines what the code holds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from index.runtime import PARSER_MEMORY_BYTES
from index.settings import load_settings
from ui import wiring
from ui.http import api, documents
from ui.http.edge import json_bodies, server
from ui.http.edge.connections import ConnectionLimits
from ui.service.settings import BODY_BYTES, ServiceSettings
from ui.viewer import document as viewed
from ui.viewer import pdf_images

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
NUMBERS = {8: "eight", 6: "six", 1: "one"}
LIMITS = ConnectionLimits(server._MOST_CONNECTIONS)


@pytest.mark.parametrize(
    "sentence",
    [
        f"| {LIMITS.head_bytes >> 10} kB, {LIMITS.head_fields} fields, "
        f"{LIMITS.head_seconds:.0f} s until it has arrived; a connection without a request ends "
        "after as long |",
        f"| {server._MOST_CONNECTIONS:,}, or as many as the limit of open files leaves",
        f"| {BODY_BYTES // 10**6} MB, files `max_file_mb`; after {LIMITS.grace_seconds:.0f} s it "
        f"must have come at {LIMITS.bytes_per_second >> 10} kB/s on average, after "
        f"{LIMITS.idle_seconds:.0f} s of silence it is cut off, and after "
        f"{LIMITS.body_seconds / 60:.0f} minutes in any case |",
        f"in parts of {api._CHARACTERS:,} characters, a list in parts of {api._DOCUMENTS:,} doc",
        f"| {NUMBERS[documents._MOST_UPLOADS]} at once, others are a 503",
        f"{pdf_images._TIMEOUT_SECONDS} s each, {NUMBERS[pdf_images._MOST_WAITING]} that wait",
        f"UTF-8, {json_bodies._DEEPEST} levels, no key twice",
        f"`parse_seconds` and {PARSER_MEMORY_BYTES >> 20} MB in a process of its own",
        f"Answers under way have {server.ANSWER_SECONDS} seconds",
        f"| `answers_at_once` | {wiring._AT_ONCE['quotes']}, or {wiring._AT_ONCE['llm']} with an",
    ],
)
def test_limit_is_what_the_page_says(sentence: str) -> None:
    assert sentence in PAGE


def test_parts_of_documents_are_as_long_in_the_viewer() -> None:
    assert viewed._WINDOW == api._CHARACTERS


def test_process_is_gone_within_the_seconds_that_the_page_says() -> None:
    (seconds,) = re.findall(r"within (\d+) seconds the process is gone", PAGE)
    assert server.ANSWER_SECONDS < server.CONNECTION_SECONDS < server.STOP_SECONDS < int(seconds)


def test_defaults_of_settings_are_those_of_the_table(tmp_path: Path) -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]*) \|", PAGE, re.MULTILINE))
    made = {name: field.default for name, field in ServiceSettings.model_fields.items()}
    told = {name: said for name, said in rows.items() if said.replace(",", "").isdigit()}
    assert {name: int(said.replace(",", "")) for name, said in told.items()} == {
        name: made[name] for name in ("queue", "answer_seconds", "uploads_mb")
    }
    assert rows["uploads"] == f"`{str(made['uploads']).lower()}`"
    assert rows["requests_per_minute"] == "60, or none on loopback"
    settings = load_settings(ServiceSettings, data=tmp_path)
    local, other = (settings.for_host(host) for host in ("127.0.0.1", "0.0.0.0"))
    assert (local.requests_per_minute, other.requests_per_minute) == (0, 60)
    assert (local.require_token, other.require_token) == (False, True)

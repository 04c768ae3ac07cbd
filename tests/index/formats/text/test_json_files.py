"""JSON and notebooks: records in one paragraph, values after their paths, true reasons."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from index.formats.base import Unreadable
from index.formats.registry import parse

pytestmark = pytest.mark.unit
SHARED = Path(__file__).parents[4].parent / "shared" / "data"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data")


def paragraphs(name: str, value: object) -> list[str]:
    return parse(name, json.dumps(value).encode()).text.split("\n\n")


@pytest.mark.parametrize(
    ("value", "found"),
    [
        pytest.param({"a": 1, "b": "x"}, ["a: 1\nb: x"], id="object"),
        pytest.param(
            {"a": 1, "in": {"b": 2, "c": {"d": 3}}, "e": 4},
            ["a: 1", "in.b: 2\nin.c.d: 3", "e: 4"],
            id="nested",
        ),
        pytest.param(
            [{"name": "Ann", "home": {"city": "Oslo"}, "tags": ["x", "y"]}, {"name": "Bo"}],
            ["name: Ann; home.city: Oslo; tags: x, y", "name: Bo"],
            id="records",
        ),
        pytest.param([{"text": "one\n\ntwo"}], ["text: one two"], id="record is not parted"),
        pytest.param(
            {"yes": True, "no": False, "none": None, "empty": "", "list": []},
            ["yes: true\nno: false"],
            id="values",
        ),
        pytest.param({"a": ["x" * 61, "y"]}, [f"a: {'x' * 61}\na: y"], id="long items"),
        pytest.param(["one", "two"], ["one", "two"], id="strings"),
        pytest.param([[1, 2], [3]], ["1, 2", "3"], id="lists"),
        pytest.param({"a": [{"b": 1}, 2]}, ["a[1].b: 1\na[2]: 2"], id="mixed"),
        pytest.param("words", ["words"], id="one value"),
    ],
)
def test_parse_json_gives_values_after_their_paths(value: object, found: list[str]) -> None:
    assert paragraphs("a.json", value) == found


def test_parse_json_lists_of_objects_stand_below_their_path() -> None:
    value = {"title": "Staff", "firm": {"people": [{"name": "Ann"}, {"name": "Bo"}]}, "year": 2020}
    parsed = parse("a.json", json.dumps(value).encode())
    assert parsed.text.split("\n\n") == [
        "title: Staff",
        "year: 2020",
        "firm.people",
        "name: Ann",
        "name: Bo",
    ]
    assert [(h.level, h.text, parsed.text[h.start :][:11]) for h in parsed.headings] == [
        (1, "firm.people", "firm.people")
    ]
    assert parsed.title == "Staff"


def test_parse_json_numbers_stay_as_they_are_written() -> None:
    digits = "9" * 100_000
    data = f'{{"a": {digits}, "b": 1e999, "c": 1.10, "d": NaN, "e": -0.0}}'
    assert parse("a.json", data.encode()).text == f"a: {digits}\nb: 1e999\nc: 1.10\nd: NaN\ne: -0.0"


@pytest.mark.parametrize(
    "data",
    [b"[" * 100_000 + b"]" * 100_000, b'{"a":' * 102 + b"1" + b"}" * 102, b"[" * 400 + b"]" * 400],
)
@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
def test_parse_json_nested_too_deep_is_refused(name: str, data: bytes) -> None:
    with pytest.raises(Unreadable, match=r"^too deep: nested over 100 levels$"):
        parse(name, data)


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.json", b'{"a": 1,\n\n"b":}', r"line 3 is not JSON \(Expecting value\)"),
        ("a.json", b"words", r"line 1 is not JSON \(Expecting value\)"),
        ("a.jsonl", b'{"a": 1}\r\n\r\n{"b":}\r\n', r"line 3 is not JSON \(Expecting value\)"),
        ("a.ipynb", b'{"cells": [\n', r"line 2 is not JSON \(Expecting value\)"),
        ("a.ipynb", b'{"cells": 3}', "not a notebook of format 4"),
        ("a.ipynb", b"[]", "not a notebook of format 4"),
    ],
)
def test_parse_json_that_is_broken_is_refused_with_the_line(
    name: str, data: bytes, reason: str
) -> None:
    with pytest.raises(Unreadable, match=f"^damaged: {reason}$"):
        parse(name, data)


@pytest.mark.parametrize("name", ["a.jsonl", "a.ndjson"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_parse_jsonl_gives_a_paragraph_per_line(name: str, end: str) -> None:
    data = end.join(['{"a": 1, "b": {"c": "x\\u2028y"}}', "", '{"a": 2}', '"three"'])
    assert parse(name, data.encode()).text.split("\n\n") == ["a: 1; b.c: x y", "a: 2", "three"]


def notebook(*cells: dict[str, object]) -> bytes:
    return json.dumps({"nbformat": 4, "cells": cells}).encode()


def test_parse_ipynb_gives_text_code_and_output_in_order() -> None:
    data = notebook(
        {"cell_type": "markdown", "source": ["# The *study*\n", "\n", "Text."]},
        {
            "cell_type": "code",
            "source": "# no heading\nrun()",
            "outputs": [
                {"output_type": "stream", "text": ["42\n"]},
                {"output_type": "execute_result", "data": {"text/plain": "<Figure>"}},
                {"output_type": "display_data", "data": {"image/png": "AAAA"}},
                {"output_type": "error", "ename": "ValueError", "evalue": "bad"},
            ],
        },
        {"cell_type": "markdown", "source": "## Part"},
        {"cell_type": "code", "source": ""},
    )
    parsed = parse("a.ipynb", data)
    assert parsed.text.split("\n\n") == [
        "# The *study*",
        "Text.",
        "```\n# no heading\nrun()\n```",
        "42",
        "<Figure>",
        "ValueError: bad",
        "## Part",
    ]
    found = [(h.level, h.text, parsed.text[h.start :][:5]) for h in parsed.headings]
    assert found == [(1, "The study", "# The"), (2, "Part", "## Pa")]
    assert (parsed.title, parsed.notes) == (
        "The study",
        ("pictures in its output that are not read: 1",),
    )


def test_parse_ipynb_parts_of_the_wrong_kind_are_passed_over() -> None:
    cells: list[dict[str, object]] = [
        {"cell_type": "code", "source": None, "outputs": [3, {"data": []}]},
        {"cell_type": "raw", "source": "kept"},
        {"outputs": "x"},
    ]
    assert parse("a.ipynb", notebook(*cells)).text == "kept"


@needs_shared
def test_parse_ipynb_real_notebook_has_its_cells_under_their_headings() -> None:
    data = (SHARED / "formats" / "mit_test_notebook.ipynb").read_bytes()
    parsed = parse("a.ipynb", data)
    assert [(heading.level, heading.text) for heading in parsed.headings] == [
        (1, "Test Notebook"),
        (2, "Code Cell Below"),
    ]
    first, second = parsed.text.split("## Code Cell Below")
    assert first == '# Test Notebook\n\n```\nprint("markitdown")\n```\n\nmarkitdown\n\n'
    assert second.startswith("\n\n```\n# comment in code\nprint(42)\n```\n\n42\n\nEnd")


@needs_shared
@pytest.mark.parametrize(
    ("name", "heading", "fact"),
    [
        ("wiki.md", "IBM", "headquartered in Armonk, New York"),
        ("wiki.md", "1910s–1950s", "Julius E. Pitrap patented the computing scale in 1885"),
        ("nested.md", "Nesting", "- after one empty line\n\t- foo"),
        (
            "csv-semicolon.csv",
            "",
            "First Name: Linda; Last Name: Olsen; Company: Dominguez;Mcmillan and Donovan; City:",
        ),
    ],
)
def test_parse_real_text_files_have_their_facts_under_their_headings(
    name: str, heading: str, fact: str
) -> None:
    parsed = parse(name, (SHARED / "formats" / name).read_bytes())
    at = parsed.text.index(fact)
    above = [found.text for found in parsed.headings if found.start <= at]
    assert (above[-1] if above else "") == heading

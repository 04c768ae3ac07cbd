"""Source code as it stands, with definitions as headings; section titles of reStructuredText."""

from __future__ import annotations

import pytest

from index.formats.registry import parse
from index.text.splitter import split
from index.types import Document

pytestmark = pytest.mark.unit

PYTHON = '''"""Doc."""
import os

# About connect.
@deco
def connect(a):
    def inner(): pass
    return inner

class Store(Base):
    size = 1

    def open(self):
        connect(self)
    async def close(self): pass
'''
JAVA = """package a;

/** A shop. */
public class Shop extends Base {
    private int n = count(1);

    // Sells.
    public int sell(String what) {
        call(what);
        return other.m(1);
    }
    abstract void later();
}
"""
C = """#include <a.h>
int add(int a);

/* Adds. */
static int add(int a)
{
  return bar(a);
}
"""
RUST = """use a::b;

pub struct P { x: i32 }

impl P {
    /// Makes.
    fn new() -> Self { go() }
}
"""
RUBY = "require 'x'\nclass Cat < Pet\n  def self.all\n  end\n  def meow\n    say(1)\n  end\nend\n"


@pytest.mark.parametrize(
    ("name", "text", "headings"),
    [
        pytest.param(
            "a.py",
            PYTHON,
            [
                (1, "connect", "# About connect."),
                (1, "Store", "class Store(Base):"),
                (2, "open", "    def open(self):"),
                (2, "close", "    async def close(self): pass"),
            ],
            id="Python",
        ),
        pytest.param(
            "a.java", JAVA, [(1, "Shop", "/** A shop. */"), (2, "sell", "    // Sells.")], id="Java"
        ),
        pytest.param("a.c", C, [(1, "add", "/* Adds. */")], id="C"),
        pytest.param(
            "a.rs",
            RUST,
            [(1, "P", "pub struct P { x: i32 }"), (2, "new", "    /// Makes.")],
            id="Rust",
        ),
        pytest.param(
            "a.rb",
            RUBY,
            [
                (1, "Cat", "class Cat < Pet"),
                (2, "all", "  def self.all"),
                (2, "meow", "  def meow"),
            ],
            id="Ruby",
        ),
        pytest.param("a.cs", "class A {\n  int f;\n}\n", [], id="nothing above the first line"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_parse_code_definitions_are_headings_above_their_own_lines(
    name: str, text: str, headings: list[tuple[int, str, str]], end: str
) -> None:
    parsed = parse(name, text.replace("\n", end).encode())
    assert parsed.text == text.replace("\n", end)
    found = [(h.level, h.text, parsed.text[h.start :].splitlines()[:2]) for h in parsed.headings]
    assert found == [(level, name, ["", line]) for level, name, line in headings]


def test_parse_code_passages_hold_the_lines_of_their_definitions() -> None:
    parsed = parse("a.py", PYTHON.encode())
    document = Document("a.py", "a", parsed.text, "", parsed.headings)
    passages = split(document, lambda texts: [len(text.split()) for text in texts], 200)
    assert [(passage.heading, passage.text.split("\n")[0]) for passage in passages] == [
        ("", '"""Doc."""'),
        ("connect", "# About connect."),
        ("Store", "class Store(Base):"),
        ("Store > open", "def open(self):"),
        ("Store > close", "async def close(self): pass"),
    ]


@pytest.mark.parametrize(
    "name",
    "a.js a.ts a.tsx a.go a.sh a.sql a.r a.lua a.toml a.yaml a.yml a.ini a.xml a.log".split(),
)
def test_parse_other_code_and_settings_are_text_without_headings(name: str) -> None:
    text = "Head\n\nfunction f() { g() }\n\nName\n\n[part]\nkey: <value/>\n"
    parsed = parse(name, text.encode())
    assert (parsed.text, parsed.title, parsed.headings) == (text, "", ())


def test_parse_xml_is_decoded_as_it_says() -> None:
    page = '<?xml version="1.0" encoding="koi8-r"?><a>Да, мир</a>'
    assert parse("a.xml", page.encode("koi8-r")).text == "Да, мир"

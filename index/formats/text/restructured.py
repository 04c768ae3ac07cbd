"""reStructuredText as Markdown, by docutils' parser: headings, lists, code, tables and notes.

Roles and directives that docutils does not know, such as those of Sphinx, keep their text: a role
the words that it shows, a directive its argument and what stands in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from index.formats.base import Parsed
from index.formats.decode import decode
from index.formats.markup import fenced
from index.formats.text.markdown import markdown

if TYPE_CHECKING:
    from docutils import nodes

_ROLE = re.compile(r":([a-zA-Z][\w:+.-]*):(?=`)")
_DIRECTIVE = re.compile(r"^[ \t]*\.\. (?:\|[^|\n]+\| )?([a-zA-Z][\w:+.-]*)::", re.MULTILINE)
_LINE_START = re.compile(r"(?<=\n)(?=[^\n])")
_TITLED = re.compile(r"(?P<title>.+?)\s*<[^<>]*>", re.DOTALL)
_IDENTIFIER = re.compile(r"(?=\S*[^\W\d])\S+")
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
# Roles that name a place in the documentation.
_PLACES = frozenset("ref doc term any numref download abbr".split())
# Directives that show nothing of their own, and those of Sphinx whose content is code.
_SILENT = frozenset("toctree contents index highlight currentmodule module tabularcolumns".split())
_CODE = frozenset("testcode testoutput doctest prompt ipython graphviz mermaid uml".split())
_LABELS = {
    "versionadded": "New in version",
    "versionchanged": "Changed in version",
    "deprecated": "Deprecated since version",
}


def parse_rst(data: bytes) -> Parsed:
    """The file's words as Markdown with its headings; comments are left out and counted."""
    from docutils import nodes

    document = _parsed(decode(data))
    hidden = sum(len(" ".join(one.astext().split())) for one in document.findall(nodes.comment))
    text = "\n\n".join(filter(None, _blocks(document, 0)))
    return replace(markdown(text), hidden=hidden)


def _parsed(text: str) -> nodes.document:
    from docutils.frontend import get_default_settings
    from docutils.parsers.rst import Parser
    from docutils.utils import new_document

    _make_known(text)
    settings = get_default_settings(Parser)
    # No file but this one is read, and what is wrong with it is no matter of ours.
    settings.file_insertion_enabled = settings.raw_enabled = False
    settings.report_level = settings.halt_level = 5
    settings.warning_stream = False
    settings.syntax_highlight = "none"
    document = new_document("", settings)
    Parser().parse(text, document)
    return document


def _make_known(text: str) -> None:
    """Let docutils take every role and directive of a text."""
    from docutils.parsers.rst import directives, roles
    from docutils.parsers.rst.languages import en

    for name in {match[1].lower() for match in _ROLE.finditer(text)} - en.roles.keys():
        roles.register_local_role(name, _role)
    for name in {match[1].lower() for match in _DIRECTIVE.finditer(text)} - en.directives.keys():
        directives.register_directive(name, _directive())


def _role(name: str, raw: str, text: str, *_: Any, **__: Any) -> tuple[list[Any], list[Any]]:
    """The words that a role shows: its title, or its target as code if that is an identifier."""
    from docutils import nodes

    titled = _TITLED.fullmatch(text)
    shown = titled["title"] if titled else text.lstrip("!")
    if shown.startswith("~"):
        shown = shown.rpartition(".")[2]
    is_code = name not in _PLACES and _IDENTIFIER.fullmatch(shown) is not None
    return [nodes.literal(raw, shown) if is_code else nodes.inline(raw, shown)], []


def _unchanged(text: str | None) -> str:
    return text or ""


def _directive() -> type[Any]:
    """A directive that shows its argument, as code or below a label, and what stands in it."""
    from docutils import nodes
    from docutils.parsers.rst import Directive

    class AnyOption(dict[str, Callable[[str], str]]):
        def __missing__(self, name: str) -> Callable[[str], str]:
            return _unchanged

    class ShownDirective(Directive):  # type: ignore[misc]
        optional_arguments, final_argument_whitespace, has_content = 1, True, True
        option_spec = AnyOption({"class": _unchanged})

        def run(self) -> list[Any]:
            name, found = self.name.lower(), list[Any]()
            if name in _SILENT:
                return found
            if self.arguments and name not in _CODE:
                words, label = self.arguments[0], _LABELS.get(name)
                inside = nodes.strong("", f"{label} {words}") if label else nodes.literal("", words)
                found.append(nodes.paragraph("", "", inside))
            if name in _CODE:
                return [*found, nodes.literal_block("", "\n".join(self.content))]
            body = nodes.Element()
            self.state.nested_parse(self.content, self.content_offset, body)
            return [*found, *body.children]

    return ShownDirective


def _blocks(node: nodes.Element, depth: int) -> Iterator[str]:
    """The Markdown of what stands in a node, block by block; `depth` counts sections around it."""
    from docutils import nodes

    for child in node.children:
        if isinstance(child, nodes.section):
            yield f"{'#' * min(depth + 1, 6)} {_inline(child[0])}"
            yield from _blocks(child, depth + 1)
        elif isinstance(child, nodes.title) and not isinstance(node, nodes.section):
            yield f"**{_inline(child)}**"
        elif isinstance(child, _unshown()):
            continue
        elif isinstance(child, nodes.Admonition):
            yield from _admonition(child, depth)
        else:
            render = next(own for kinds, own in _renderers() if isinstance(child, kinds))
            yield from render(child, depth)


def _unshown() -> tuple[type[Any], ...]:
    from docutils import nodes

    return (
        *(nodes.comment, nodes.target, nodes.substitution_definition, nodes.system_message),
        *(nodes.pending, nodes.raw, nodes.meta, nodes.decoration, nodes.title),
    )


Renderer = Callable[["nodes.Element", int], Iterable[str]]


@cache
def _renderers() -> tuple[tuple[type[Any] | tuple[type[Any], ...], Renderer], ...]:
    """How nodes become blocks; the first that fits counts."""
    from docutils import nodes

    lists = (nodes.definition_list, nodes.field_list, nodes.option_list)
    literal = (nodes.literal_block, nodes.doctest_block, nodes.math_block)
    return (
        (literal, lambda node, _: [fenced(node.astext())]),
        ((nodes.bullet_list, nodes.enumerated_list), lambda node, depth: [_list(node, depth)]),
        (lists, _definitions),
        (nodes.table, lambda node, _: _table(node)),
        (nodes.line_block, lambda node, _: ["\n".join(map(_inline, node.findall(nodes.line)))]),
        (nodes.rubric, lambda node, _: [f"**{_inline(node)}**"]),
        (nodes.image, lambda node, _: [str(node.get("alt", ""))]),
        (nodes.TextElement, lambda node, _: [_inline(node)]),
        (nodes.Element, _blocks),
    )


def _inline(node: nodes.Element) -> str:
    """Running text with its marks on one line."""
    return " ".join("".join(_spans(node)).split())


Speller = Callable[["nodes.Element"], Iterable[str]]


@cache
def _spellers() -> tuple[tuple[type[Any] | tuple[type[Any], ...], Speller], ...]:
    """How nodes inside running text are written; the first that fits counts."""
    from docutils import nodes

    return (
        (nodes.Text, lambda node: [_TAG.sub(r"`\g<0>`", node.astext())]),
        ((nodes.literal, nodes.math), lambda node: [f"`{node.astext()}`"]),
        (nodes.strong, lambda node: [f"**{_inline(node)}**"]),
        (nodes.emphasis, lambda node: [f"*{_inline(node)}*"]),
        (nodes.reference, _link),
        (nodes.image, lambda node: [str(node.get("alt", ""))]),
        (nodes.problematic, lambda node: [node.astext().strip("`")]),
        ((nodes.footnote_reference, nodes.target), lambda _: []),
        (nodes.Element, _spans),
    )


def _spans(node: nodes.Element) -> Iterator[str]:
    for child in node.children:
        yield from next(write for kinds, write in _spellers() if isinstance(child, kinds))(child)


def _link(node: nodes.Element) -> Iterator[str]:
    words, address = "".join(_spans(node)), str(node.get("refuri", ""))
    yield f"[{words}]({address})" if "://" in address and words != address else words


def _indented(text: str, by: int) -> str:
    """A text whose lines after the first stand further to the right."""
    return _LINE_START.sub(" " * by, text)


def _list(node: nodes.Element, depth: int) -> str:
    from docutils import nodes

    number, items = int(node.get("start", 1)), list[str]()
    for place, item in enumerate(node.children):
        mark = f"{number + place}." if isinstance(node, nodes.enumerated_list) else "-"
        inside = "\n\n".join(filter(None, _blocks(item, depth)))
        items.append(f"{mark} {_indented(inside, len(mark) + 1)}")
    return "\n".join(items)


def _definitions(node: nodes.Element, depth: int) -> Iterator[str]:
    """A term on a line above what it means, options and fields likewise."""
    for item in node.children:
        term, *body = item.children
        meaning = "\n\n".join(text for part in body for text in _blocks(part, depth) if text)
        first, _, rest = meaning.partition("\n\n")
        is_line = first and not first.startswith(("```", "- ", "1. "))
        yield f"{_inline(term)}\n{first}" if is_line else _inline(term)
        yield rest if is_line else meaning


def _admonition(node: nodes.Element, depth: int) -> Iterator[str]:
    from docutils import nodes

    titled = node.children and isinstance(node[0], nodes.title)
    label = _inline(node[0]) if titled else type(node).__name__.capitalize()
    body = nodes.Element("", *node.children[1 if titled else 0 :])
    first, *rest = [text for text in _blocks(body, depth) if text] or [""]
    yield f"**{label.rstrip(':')}:** {first}" if first[:1].isalnum() else f"**{label}:**\n\n{first}"
    yield from rest


def _table(node: nodes.Element) -> Iterator[str]:
    from docutils import nodes

    for title in node.findall(nodes.title):
        yield f"**{_inline(title)}**"
    rows = [_cells(row) for row in node.findall(nodes.row)]
    if not rows:
        return
    heads = [row for part in node.findall(nodes.thead) for row in part.findall(nodes.row)]
    width = max(map(len, rows))
    lines = [row + [""] * (width - len(row)) for row in rows]
    lines.insert(1 if heads else 0, ["---"] * width)
    if not heads:
        lines.insert(0, [""] * width)
    yield "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cells(row: nodes.Element) -> list[str]:
    texts = (" ".join(_blocks(entry, 0)) for entry in row.children)
    return [" ".join(text.split()).replace("|", "\\|") for text in texts]

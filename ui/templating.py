"""HTML templates: one Jinja2 environment over `ui/templates`, in which every value is escaped.

Text also loses the characters that a reader cannot see but a page would obey. What is HTML already
is of the type `Markup` and stays as it is; only this package's own code may make such.
"""

from __future__ import annotations

import re
from functools import cache
from html import escape
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from jinja2.ext import Extension
from markupsafe import Markup

from index.formats.hidden_characters import UNSEEN

# Also the private characters that `ui.viewer.safe_html` puts into answers as placeholders.
_HIDDEN = re.compile(f"[{UNSEEN}\ue000-\ue00f]")
_LINE_BREAK_BETWEEN_TAGS = re.compile(r"(?<=[>}])\s*\n\s*(?=[<{])")
_LINE_BREAK = re.compile(r"\s*\n\s*")


def render(template: str, **values: object) -> Markup:
    """The HTML of a template, named by its path below `ui/templates`."""
    return Markup(_environment().get_template(template).render(**values))


def escape_text(text: str) -> Markup:
    """Text as HTML in which nothing is markup; also safe between double quotes."""
    return Markup(escape(strip_hidden(text)))


def strip_hidden(text: str) -> str:
    """Text without hidden and control characters, its line ends being newlines."""
    return _HIDDEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def url_path(path: str) -> str:
    """A document's path as part of a URL; its slashes stay."""
    return quote(path, safe="/", errors="replace")


def quantity(number: int, noun: str) -> str:
    """A number and its noun, in the plural where need be."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


class _MinifyLines(Extension):
    """Removes a template's line breaks between tags, and makes others a space."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        return _LINE_BREAK.sub(" ", _LINE_BREAK_BETWEEN_TAGS.sub("", source.strip()))


def _finalize(value: object) -> object:
    """What a template's expression gives, on its way into the HTML."""
    return escape_text(value) if isinstance(value, str) and not _is_html(value) else value


def _is_html(value: str) -> bool:
    return hasattr(value, "__html__")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("ui"),
        extensions=[_MinifyLines],
        autoescape=True,
        finalize=_finalize,
        undefined=StrictUndefined,
        auto_reload=False,
    )
    environment.filters.update(quantity=quantity, url_path=url_path)
    return environment

"""Jinja2 templates of the pages, in `ui/templates`; every value is escaped."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("ui"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )


def render(template: str, **values: object) -> str:
    """The HTML of a template, a file of `ui/templates`; markupsafe's Markup stays as it is."""
    return _environment().get_template(template).render(**values)

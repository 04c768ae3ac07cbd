"""Writes `index/text/month_names.json`: the names of the months in the Latin languages, from CLDR.

Babel has them too, and reads 200 kB of each language to tell them: a third of the computing of a
cold answer. Run it when Babel is another one: `python scripts/month_names.py`.
"""

from __future__ import annotations

import json
from pathlib import Path

from babel import Locale

from index.text.tokenizer import LATIN

FILE = Path(__file__).parent.parent / "index" / "text" / "month_names.json"


def names_of(language: str) -> list[list[str]]:
    """Names of January to December in a language (ISO 639-1): the full one, then its forms."""
    months = Locale(language).months
    tables = [
        months[context][width]
        for context in ("format", "stand-alone")
        for width in ("wide", "abbreviated")
    ]
    return [list(dict.fromkeys(table[number] for table in tables)) for number in range(1, 13)]


def main() -> None:
    """Write the file, a language in each line."""
    lines = (
        f"{json.dumps(language)}: {json.dumps(names_of(language), ensure_ascii=False)}"
        for language in sorted(LATIN)
    )
    joined = ",\n".join(lines)
    FILE.write_text(f"{{\n{joined}\n}}\n", encoding="utf-8")


if __name__ == "__main__":
    main()

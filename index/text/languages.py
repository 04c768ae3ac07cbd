"""Detection of a text's language, by its script and its stopwords.

The detector needs to tell apart only the languages of the index; a query has too few words for one
that knows a hundred.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence, Set
from functools import cache
from pathlib import Path

from index.text.stopwords import BY_LANGUAGE
from index.text.tokenizer import LATIN, script_of, stopwords_of

_MONTH_NAMES = Path(__file__).with_name("month_names.json")
_SAMPLE = 100
# Kana among Chinese characters make a text Japanese.
_KANA_SHARE = 0.1
# A language other than the default one needs so much more evidence: one word of its own. More than
# that in a text of more different words than a question has, where a name may be such a word.
_LEAD = 1.0
_SHORT = 8


def language_of(words: Sequence[str], among: Collection[str] = LATIN, default: str = "en") -> str:
    """The language of words (ISO 639-1): by script, and by stopwords if that is Latin.

    `among` are the Latin languages to tell apart; without evidence it is the default.
    """
    sample = words[:_SAMPLE]
    if {*among} <= {default} and "".join(sample).isascii():
        return default
    distinct = set(sample)
    return _script(distinct) or _latin(distinct, among, default)


def _script(words: Set[str]) -> str:
    """The language that stands for the script of most letters, "" for Latin."""
    if "".join(words).isascii():
        return ""
    letters = Counter[str]()
    for word in words:
        if word.isascii():
            letters[""] += len(word)
        else:
            letters.update(map(script_of, word))
    if letters.keys() <= {""}:
        return ""
    script = max(letters, key=lambda name: (letters[name], name))
    if script in ("zh", "ja"):
        return "ja" if letters["ja"] > _KANA_SHARE * letters["zh"] else "zh"
    return script


def _latin(words: Set[str], among: Collection[str], default: str) -> str:
    """The language with the most stopwords; one that others share counts less.

    Each counts once, since a table repeats its words: hosts called Ada, which is Indonesian for
    "there is", make no Indonesian text. Of XQuAD's 240 paragraphs, with English as the default, all
    English ones are told and 239 Spanish ones; if each time counts, 239 and all.
    """
    if {*among} <= {default}:
        return default
    evidence, scores = _evidence(), {default: _LEAD}
    for word in evidence.keys() & words:
        languages = evidence[word]
        for language in languages:
            scores[language] = scores.get(language, 0.0) + 1 / len(languages)
    is_short = len(words) <= _SHORT
    return max(
        scores.keys() & {*among, default},
        key=lambda language: (scores[language], (language != default) == is_short, language),
    )


@cache
def _evidence() -> Mapping[str, tuple[str, ...]]:
    """The languages that each stopword belongs to, also as it is written without accents."""
    found: dict[str, tuple[str, ...]] = {}
    for language in sorted(LATIN):
        for word in BY_LANGUAGE[language] | stopwords_of(language):
            found[word] = (*found.get(word, ()), language)
    return found


@cache
def month_names() -> Mapping[str, list[list[str]]]:
    """The names of January to December in each Latin language (ISO 639-1), the full one first, as
    CLDR has them. `scripts/month_names.py` writes the file.
    """
    found: dict[str, list[list[str]]] = json.loads(_MONTH_NAMES.read_text("utf-8"))
    return found

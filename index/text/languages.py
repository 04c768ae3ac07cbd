"""Which language a text is in, and whether the embedding model reads it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence, Set
from functools import cache

from index.embedding.model_files import BUILT_IN
from index.text.stopwords import BY_LANGUAGE
from index.text.tokenizer import LATIN, script_of, stopwords_of

_NAMES = {
    **{"ar": "Arabic", "ca": "Catalan", "cs": "Czech", "da": "Danish", "de": "German"},
    **{"el": "Greek", "en": "English", "es": "Spanish", "fi": "Finnish", "fr": "French"},
    **{"he": "Hebrew", "hi": "Hindi", "hu": "Hungarian", "hy": "Armenian", "id": "Indonesian"},
    **{"it": "Italian", "ja": "Japanese", "ka": "Georgian", "km": "Khmer", "ko": "Korean"},
    **{"lo": "Lao", "my": "Burmese", "nl": "Dutch", "no": "Norwegian", "pl": "Polish"},
    **{"pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "sv": "Swedish", "ta": "Tamil"},
    **{"th": "Thai", "tr": "Turkish", "zh": "Chinese"},
}
# Fewer texts than this share are a quotation here and there.
_LARGE_SHARE = 0.1

_SAMPLE = 100
# Kana among Chinese characters make a text Japanese.
_KANA_SHARE = 0.1
# A language other than the default one needs so much more evidence: one word of its own. More than
# that in a text of more different words than a question has, where a name may be such a word.
_LEAD = 1.0
_SHORT = 8


def language_of(words: Sequence[str], among: Collection[str] = LATIN, default: str = "en") -> str:
    """The language of words (ISO 639-1): by script, and by function words if that is Latin.

    `among` are the Latin languages to tell apart; without evidence it is the default.
    """
    sample = words[:_SAMPLE]
    if {*among} <= {default} and "".join(sample).isascii():
        return default
    distinct = set(sample)
    return _script(distinct) or _latin(distinct, among, default)


def _script(words: Set[str]) -> str:
    """The language that stands for the script of most letters, "" for Latin."""
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
    """The language of which there are most function words; one that others share counts less.

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
    """The languages that each function word belongs to, also when it is written without accents."""
    found: dict[str, tuple[str, ...]] = {}
    for language in sorted(LATIN):
        for word in BY_LANGUAGE[language] | stopwords_of(language):
            found[word] = (*found.get(word, ()), language)
    return found


def reads(model: str, language: str) -> bool:
    """Whether an embedding model is taught a language; of models not built in, it is assumed."""
    return model != BUILT_IN or language == "en"


def hint(counts: Mapping[str, int], model: str) -> str:
    """What to tell the owner of so many texts in each language, if the model reads many of them
    badly; else "".
    """
    least = max(1.0, _LARGE_SHARE * sum(counts.values()))
    many = [name for name, count in counts.items() if count >= least and not reads(model, name)]
    if not many:
        return ""
    names = " and ".join(_NAMES.get(name, name) for name in many)
    return (
        f"The embedding model reads English best; passages in {names} are found by their words. "
        "To find them by their meaning too, set embedding_model to a multilingual one, e.g. "
        "sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2."
    )

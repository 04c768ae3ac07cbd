"""How texts and queries become the terms that a text index holds, given the index's languages."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence

from index.text.languages import language_of
from index.text.tokenizer import (
    content_words,
    fold,
    stopwords_of,
    terms_of,
    terms_of_word,
    words_of,
)


def analyze(text: str) -> tuple[list[str], str]:
    """The terms of a text to be indexed, in order, and its language (ISO 639-1)."""
    words = words_of(text)
    language = language_of(words)
    return terms_of(words, language), language


class TextAnalyzer(ABC):
    """The analysis of queries and passages that every text store shares."""

    @property
    @abstractmethod
    def languages(self) -> Mapping[str, int]:
        """How many texts there are in each language (ISO 639-1), the most frequent first."""

    def terms(self, text: str) -> list[str]:
        """The words of a text as they are indexed, in order, without stopwords."""
        return self.terms_of_each([text])[0]

    def terms_of_each(self, texts: Sequence[str]) -> list[list[str]]:
        """The same for each of the parts of one text, which are in one language."""
        each = [content_words(text) for text in texts]
        language = self._language([word for words in each for word in words])
        return [terms_of(_without_stopwords(words, language), language) for words in each]

    def language(self, text: str) -> str:
        """The language of a text (ISO 639-1), one of the index's unless its script tells."""
        return self._language(words_of(text))

    def query_terms(self, query: str) -> list[tuple[str, ...]]:
        """The terms of a query without duplicates: for each, the forms that it has in the languages
        of the index. A query of nothing but stopwords keeps them.
        """
        words = content_words(query)
        kept = _without_stopwords(words, self._language(words)) or words_of(query)
        return sorted({forms for word in kept for forms in self._forms(word)})

    def _forms(self, word: str) -> Iterable[tuple[str, ...]]:
        terms = [terms_of_word(word, language) for language in self.languages or ("en",)]
        return (tuple(sorted(set(forms))) for forms in zip(*terms, strict=True))

    def _language(self, words: Sequence[str]) -> str:
        return language_of(words, self.languages, next(iter(self.languages), "en"))


def _without_stopwords(words: Sequence[str], language: str) -> list[str]:
    stopwords = stopwords_of(language)
    return [word for word in words if fold(word) not in stopwords]

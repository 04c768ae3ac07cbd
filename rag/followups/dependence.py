"""Whether a question depends on the ones before it, told from its words alone.

A logistic regression over function words, the first words, and how many words a question has.
`python -m eval.lab.chats.dependence` fits the numbers in `dependence.json` on questions of
conversations that people rewrote to stand alone, and on examples.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from index.text.tokenizer import content_words, fold, stopwords_of

BIAS = ""
# Longer questions are all alike.
_MOST_CONTENT, _MOST_WORDS = 5, 12


def dependence_features(question: str) -> list[str]:
    """Its function words, how it opens, and its numbers of content words and of all words."""
    words = [fold(word) for word in content_words(question)]
    known = [word for word in words if word in stopwords_of("en")]
    first = words[0] if words and words[0] in known else "*"
    content = min(len(words) - len(known), _MOST_CONTENT)
    length = min(len(words), _MOST_WORDS)
    return [*dict.fromkeys(known), f"^{first}", f"#{content}", f"##{length}", BIAS]


def dependence_probability(question: str) -> float:
    """The probability, 0..1, that a question can't be understood without the ones before it."""
    weights = load_dependence()
    total = sum(weights.get(feature, 0.0) for feature in dependence_features(question))
    return 1 / (1 + math.exp(-total))


@cache
def load_dependence() -> Mapping[str, float]:
    """The fitted weight of each feature; "" is the bias."""
    text = (files("rag.followups") / "dependence.json").read_text(encoding="utf-8")
    weights: dict[str, float] = json.loads(text)
    return weights

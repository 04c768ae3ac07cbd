"""An NLI cross-encoder in place of the fitted part of the support check, if settings name one.

The faults that words show still count: such models overlook a changed number or swapped names.
"""

from __future__ import annotations

from functools import cached_property, partial

import numpy as np

from index.errors import ConfigError
from rag.cross_encoder import Loaded
from rag.settings import Settings
from rag.support import Judge, judge


def judge_of(settings: Settings) -> Judge:
    """The support check that settings lead to; a model is loaded at the first statement."""
    if not settings.support_model:
        return judge
    return partial(judge, chance=Entailment(settings.support_model).chance)


class Entailment:
    """A cross-encoder from a folder or the local model cache; nothing is fetched at run time."""

    def __init__(self, model: str) -> None:
        self._loaded = Loaded(model, "support model")

    def chance(self, quoted: str, statement: str) -> float:
        """How likely it is, 0..1, that what is quoted entails a statement. Raises ConfigError."""
        scores = self._loaded.model.predict(
            [(quoted, statement)], apply_softmax=len(self._labels) > 1, show_progress_bar=False
        )
        return float(np.ravel(scores)[self._place])

    @cached_property
    def _labels(self) -> list[str]:
        labels = getattr(self._loaded.model.config, "id2label", None) or {}
        return [str(labels[place]).lower() for place in sorted(labels)]

    @cached_property
    def _place(self) -> int:
        """Which of the model's labels is entailment; a model with one label scores just that."""
        found = [place for place, label in enumerate(self._labels) if label.startswith("entail")]
        if not found and len(self._labels) > 1:
            raise ConfigError(
                f"support model {self._loaded.name!r} has the labels {', '.join(self._labels)}, "
                "none of them entailment; name an NLI cross-encoder"
            )
        return found[0] if found else 0

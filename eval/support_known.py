"""The support check that judges citations, and how far it can be trusted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from eval.citations import Backs
from rag.types import Quote, Support
from rag.verification.support import judge_of

if TYPE_CHECKING:
    from rag.settings import Settings

# What `footnote eval support` measured on the half of WiCE's claims that nothing was fitted to.
WICE_CLAIMS, WICE_AUC, WICE_BALANCED = 174, 0.836, 0.617


def backs_of(settings: Settings) -> Backs:
    """Whether quotes back a statement, by the product's own check under these settings."""
    judge = judge_of(settings)

    def backs(statement: str, quotes: Sequence[Quote]) -> bool:
        return judge(statement, quotes).support is Support.SUPPORTED

    return backs


def known_error(settings: Settings) -> Mapping[str, object]:
    """The check's name, and its error in a sentence."""
    if settings.support_model:
        return {"name": settings.support_model, "error": "its error was not measured"}
    return {
        "name": "Footnote's support check",
        "error": (
            f"on {WICE_CLAIMS} claims of WiCE its AUC is {WICE_AUC:.3f}, its balanced accuracy "
            f"{WICE_BALANCED:.3f}"
        ),
        "claims": WICE_CLAIMS,
        "auc": WICE_AUC,
        "balanced_accuracy": WICE_BALANCED,
    }

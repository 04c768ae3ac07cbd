"""Citation metrics: against the gold evidence, and whether quotes support the statements."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import fmean
from typing import TYPE_CHECKING

from eval.datasets.evidence import Fact, spans_in
from eval.datasets.spans import Span, touches
from eval.measures.retrieval import touches_fact
from rag.types import Answer, Quote, Statement, Support
from rag.verification.support import support_checker

Backs = Callable[[str, Sequence[Quote]], bool]  # whether quotes back a statement


def gold_scores(cited: Sequence[Span], facts: Sequence[Fact]) -> tuple[float | None, float | None]:
    """Share of citations that overlap a place of the evidence, and share of facts that one does.

    None without citations, or without facts.
    """
    if not facts:
        return None, None
    recall = sum(touches_fact(cited, fact) for fact in facts) / len(facts)
    if not cited:
        return None, recall
    places = spans_in(facts)
    return sum(touches(span, places) for span in cited) / len(cited), recall


def alce_scores(answer: Answer, backs: Backs) -> tuple[float | None, float | None]:
    """Citation precision and recall as in ALCE (Gao et al. 2023, section 4), of one answer.

    Recall is the share of statements that all of what they cite backs. A citation is precise if
    its statement is backed, and the citation either backs it alone or is needed for that. None
    for an answer without statements; precision is 0 for one without citations, as in ALCE's code.
    """
    if not answer.statements:
        return None, None
    quotes = {citation.label: citation.quote for citation in answer.citations}
    recalls, precise = list[bool](), list[bool]()
    for statement in answer.statements:
        cited = [quotes[label] for label in statement.citations]
        # The product has judged all of what a statement cites; its verdict is taken as it is.
        backed = bool(cited) and statement.support is Support.SUPPORTED
        recalls.append(backed)
        precise += [backed and _is_needed(statement, cited, i, backs) for i in range(len(cited))]
    return fmean(precise) if precise else 0.0, fmean(recalls)


def _is_needed(statement: Statement, cited: Sequence[Quote], place: int, backs: Backs) -> bool:
    if len(cited) == 1:
        return True
    rest = [quote for other, quote in enumerate(cited) if other != place]
    return backs(statement.text, [cited[place]]) or not backs(statement.text, rest)


def page_match(answer: Answer, facts: Sequence[Fact]) -> float | None:
    """Share of the pages named by the evidence that the answer cites; None if it names none.

    It is `citations_matched` of Azure's ai-rag-chat-evaluator.
    """
    pages = {page for fact in facts for page in fact.pages}
    if not pages:
        return None
    cited = {(citation.passage.document, citation.passage.page) for citation in answer.citations}
    return len(pages & cited) / len(pages)


if TYPE_CHECKING:
    from rag.settings import Settings

# What `footnote eval support` measured on the half of WiCE's claims that nothing was fitted to.
WICE_CLAIMS, WICE_AUC, WICE_BALANCED = 174, 0.836, 0.617


def backs_of(settings: Settings) -> Backs:
    """Whether quotes back a statement, by the product's own check under these settings."""
    judge = support_checker(settings)

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

"""Is a question answerable from what was found? A first rule, by similarity and shared words."""

from __future__ import annotations

from index.store import Snapshot
from rag.retrieve import Found


def is_answerable(snapshot: Snapshot, found: Found) -> bool:
    """Do the hits look as if they answer the query?"""
    if not found.hits:
        return False
    cosine = max(found.cosines)
    return cosine >= 0.5 or cosine + coverage(snapshot, found) >= 0.8


def coverage(snapshot: Snapshot, found: Found) -> float:
    """Share of the query's terms, weighted by idf, that the best hit for it holds; 0..1."""
    terms = set(snapshot.terms(found.query))
    total = sum(snapshot.idf(term) for term in terms)
    if not total:
        return 0.0
    best = 0.0
    for hit in found.hits[:3]:
        held = terms & set(snapshot.terms(hit.passage.embedding_text))
        best = max(best, sum(snapshot.idf(term) for term in held) / total)
    return best

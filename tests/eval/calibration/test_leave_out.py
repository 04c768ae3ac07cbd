"""An index without some of its documents, as refusal is fitted and measured on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from eval.calibration.leave_out import engine_without, open_index
from index.settings import load_settings
from rag.settings import Settings

pytestmark = pytest.mark.model


def test_engine_without_a_document_never_finds_it_in_any_spelling(seeds_data: Path) -> None:
    settings = load_settings(Settings, data=seeds_data)
    with open_index(settings) as view:
        (hit, *_) = engine_without(view, ()).search("Who met in Paris?", 1)[1]
        without = engine_without(view, [hit.passage.document])
        _, hits = without.search("Who met in Pariss?", 5)
        signals = without.signals("Who met in Pariss?")
    assert hits
    assert hit.passage.document not in {each.passage.document for each in hits}
    assert signals is not None

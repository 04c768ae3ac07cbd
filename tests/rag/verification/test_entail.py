"""The support check by a model of entailment: its chance, and models that cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from eval.lab.perturb import quoted
from index.errors import ConfigError
from index.settings import load_settings
from rag.settings import Settings
from rag.verification.support import Entailment, support_checker
from tests.helpers.indexing import tiny_cross_encoder

# Each loads the library of models, which takes five seconds of CPU.
pytestmark = pytest.mark.model

TEXT = "In the latest round, Egypt led the talks in Cairo, and 33 hostages were discussed."


def test_entailment_is_the_share_of_its_label(tmp_path: Path) -> None:
    first = Entailment(tiny_cross_encoder(tmp_path, "entailment", "neutral", "contradiction"))
    other = Entailment(str(tmp_path))
    chance = first.probability(TEXT, "Egypt led.")
    assert 0 < chance < 1
    assert other.probability(TEXT, "Egypt led.") == chance
    config = (tmp_path / "config.json").read_text(encoding="utf-8")
    swapped = config.replace("entailment", "x").replace("neutral", "entailment")
    (tmp_path / "config.json").write_text(swapped, encoding="utf-8")
    assert Entailment(str(tmp_path)).probability(TEXT, "Egypt led.") != chance


def test_entailment_of_a_model_with_one_label_is_its_score(tmp_path: Path) -> None:
    settings = load_settings(Settings, support_model=tiny_cross_encoder(tmp_path, "score"))
    verdict = support_checker(settings)("They haggled.", [quoted(TEXT)])
    assert verdict.score == Entailment(str(tmp_path)).probability(TEXT, "They haggled.")


def test_entailment_model_without_that_label_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"has the labels yes, no, none of them entailment"):
        Entailment(tiny_cross_encoder(tmp_path, "yes", "no")).probability(TEXT, "Egypt led.")


def test_entailment_model_that_is_not_there_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot be loaded: .*; run: hf download "):
        Entailment(str(tmp_path / "none")).probability(TEXT, "Egypt led.")

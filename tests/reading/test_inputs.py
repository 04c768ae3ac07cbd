"""The readers on the inputs made here: most are right, and none is read worse than it was."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from eval.reading.cli import fallen_scores
from eval.reading.expected import parse_expected
from eval.reading.score import ReadingScore, score_file
from tests.reading.inputs import reading_inputs

pytestmark = pytest.mark.unit
BASELINE = Path(__file__).parents[2] / "eval" / "gold" / "reading.baseline.json"
# The kinds that must be right whatever else is, since nobody may see what is hidden.
ALWAYS = ("hidden", "removed", "comment")


@pytest.fixture(scope="module")
def scores() -> list[ReadingScore]:
    return [
        score_file(one.name, one.data, parse_expected(one.expected)) for one in reading_inputs()
    ]


def test_inputs_have_names_of_their_own() -> None:
    names = [one.name for one in reading_inputs()]
    assert len(names) == len({*names})


@pytest.mark.filterwarnings("ignore:DrawingML support is incomplete")
def test_readers_get_nine_of_ten_inputs_right_and_none_worse(scores: list[ReadingScore]) -> None:
    wrong = [one.name for one in scores if not one.right]
    assert len(wrong) <= len(scores) / 10, wrong
    assert not [name for name in wrong if any(kind in name for kind in ALWAYS)]
    assert list(fallen_scores(json.loads(BASELINE.read_text())["files"], scores)) == []

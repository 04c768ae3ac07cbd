import json
from pathlib import Path

import pytest

from eval.datasets.gold import Want
from eval.datasets.load import load_gold
from index.errors import ConfigError
from index.formats.registry import parse

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[3]
SEEDS_GOLD = ROOT / "eval" / "gold" / "seeds.jsonl"


def item(**given: object) -> dict[str, object]:
    return {
        "id": "one",
        "question": "Where were the talks?",
        "answers": ["Cairo"],
        "evidence": [{"document": "talks.txt", "quote": "in Cairo"}],
        **given,
    }


def gold_file(folder: Path, *lines: object) -> Path:
    path = folder / "gold.jsonl"
    path.write_text(
        "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines),
        encoding="utf-8",
    )
    return path


def test_load_gold_reads_what_the_file_says(tmp_path: Path) -> None:
    turns = [{"question": "Who led?", "answer": "Egypt."}]
    gold = load_gold(gold_file(tmp_path, item(turns=turns, tags=["where"]), "", item(id="two")))
    first, second = gold.items
    assert (first.turns[0].question, first.turns[0].answer) == ("Who led?", "Egypt.")
    assert first.evidence[0].places[0].quote == "in Cairo"
    assert (first.tags, second.id, second.answerable) == (("where",), "two", True)
    assert gold.documents == {}


def test_load_gold_names_every_bad_line(tmp_path: Path) -> None:
    path = gold_file(
        tmp_path,
        item(),
        "{broken",
        item(id="three", answers="Cairo"),
        item(),
        item(id="five", answers=[], evidence=[]),
        item(id="six", answerable=False),
        item(id="seven", anwsers=["Cairo"]),
        item(id="eight", evidence=[{"document": "talks.txt", "quote": "x", "page": 1}]),
        "[1, 2]",
    )
    with pytest.raises(ConfigError) as caught:
        load_gold(path)
    lines = str(caught.value).splitlines()
    assert lines[0] == "gold file gold.jsonl has faults:"
    expected = [
        "line 2: not JSON",
        "line 3: answers: Input should be a valid tuple",
        "line 4: id 'one' is already used: line 1",
        "line 5: Value error, an answerable question needs an answer or evidence",
        "line 6: Value error, a question that is not answerable has neither",
        "line 7: anwsers: Extra inputs are not permitted",
        "line 8: evidence.0: Value error, a place is a quote or a page, not both",
        "line 9: Input should be a valid dictionary",
    ]
    assert len(lines) == 1 + len(expected)
    for line, start in zip(lines[1:], expected, strict=True):
        assert line.strip().startswith(start)
    assert caught.value.exit_code == 2


def test_load_gold_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"there is no gold file .*none\.jsonl"):
        load_gold(tmp_path / "none.jsonl")
    with pytest.raises(ConfigError, match="holds no questions"):
        load_gold(gold_file(tmp_path, ""))
    binary = tmp_path / "binary.jsonl"
    binary.write_bytes(b"\xff\x00\xfe")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_gold(binary)


def test_digest_follows_the_questions_and_not_the_layout(tmp_path: Path) -> None:
    digest = load_gold(gold_file(tmp_path, item())).digest
    shuffled = dict(reversed(item(turns=[]).items()))
    assert load_gold(gold_file(tmp_path, "", json.dumps(shuffled, indent=None))).digest == digest
    assert load_gold(gold_file(tmp_path, item(question="Where?"))).digest != digest


def test_seeds_gold_has_every_kind_of_question() -> None:
    items = load_gold(SEEDS_GOLD).items
    assert len(items) >= 50
    assert sum(not item.answerable for item in items) >= 14
    assert sum(bool(item.turns) for item in items) >= 6
    documents = [
        {e.document for e in item.evidence} for item in items if "two-documents" in item.tags
    ]
    assert len(documents) >= 5
    assert all(len(names) == 2 for names in documents)


def test_item_accepts_answers_and_the_reference(tmp_path: Path) -> None:
    (first,) = load_gold(gold_file(tmp_path, item(reference="They were in Cairo."))).items
    assert first.accepted == ("Cairo", "They were in Cairo.")
    assert first.answers == ("Cairo",)


def test_item_may_say_which_response_is_wanted(tmp_path: Path) -> None:
    bare = {"id": "a", "question": "hi", "kind": "small talk", "want": "reply", "must": ["hel+o"]}
    away = {"id": "b", "question": "Who is the king?", "want": "refuse"}
    first, second = load_gold(gold_file(tmp_path, bare, away)).items
    assert (first.kind, first.want, first.must) == ("small talk", Want.REPLY, ("hel+o",))
    assert (first.answerable, second.answerable) == (True, False)


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"want": "shrug"}, "want: Input should be 'answer', 'refuse', 'reply' or 'limit'"),
        ({"want": "answer", "must": ["("]}, r"must\.0: Value error, not a regular expression"),
        ({"must": ["x"]}, "must and must_not need want"),
        ({"want": "refuse", "answerable": True}, "not answerable if, and only if, want is refuse"),
        ({"want": "answer", "answerable": False, "answers": [], "evidence": []}, "only if, want"),
    ],
)
def test_item_with_a_wrong_want_is_refused(
    given: dict[str, object], error: str, tmp_path: Path
) -> None:
    bare: dict[str, object] = (
        {"answers": [], "evidence": []} if given.get("want") == "refuse" else {}
    )
    with pytest.raises(ConfigError, match=error):
        load_gold(gold_file(tmp_path, item(**bare, **given)))


def test_seeds_gold_quotes_stand_in_the_extracted_text() -> None:
    texts = {
        path.name: parse(path.name, path.read_bytes()).text
        for path in sorted((ROOT / "seeds").iterdir())
    }
    missing = [
        (item.id, place.document, place.quote)
        for item in load_gold(SEEDS_GOLD).items
        for evidence in item.evidence
        for place in evidence.places
        if not place.quote or place.quote not in texts[place.document]
    ]
    assert missing == []


def test_seeds_gold_asks_about_every_document() -> None:
    cited = {
        place.document
        for item in load_gold(SEEDS_GOLD).items
        for evidence in item.evidence
        for place in evidence.places
    }
    assert cited == {path.name for path in (ROOT / "seeds").iterdir()}

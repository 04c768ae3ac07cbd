import pytest

from eval.datasets.evidence import EvidenceMissing, Fact, finder, resolve_evidence, spans_of
from eval.datasets.gold import EvidencePlace, GoldEvidence, GoldItem, GoldSet
from index.errors import ConfigError, UnknownDocument
from index.types import Document

pytestmark = pytest.mark.unit

DOCUMENTS = {
    "a.txt": Document("a.txt", "a", "x (y) x\n\n(y) xy", "d"),
    "b.pdf": Document("b.pdf", "b", "one two three", "d", page_starts=(0, 4, 8)),
}


def find(path: str) -> Document | None:
    return DOCUMENTS.get(path)


def gold(*evidence: GoldEvidence) -> GoldSet:
    items = tuple(
        GoldItem(id=f"q{number}", question="?", answers=("x",), evidence=(one,))
        for number, one in enumerate(evidence, start=1)
    )
    return GoldSet("g.jsonl", items, tuple(f"line {2 * n}" for n in range(1, len(items) + 1)))


def test_spans_of_a_quote_are_every_place_whatever_the_white_space() -> None:
    place = EvidencePlace(document="a.txt", quote="x  (y)")
    assert spans_of(place, find) == [("a.txt", 0, 5), ("a.txt", 6, 12)]


def test_spans_of_a_page_and_of_a_whole_document() -> None:
    assert spans_of(EvidencePlace(document="b.pdf", page=2), find) == [("b.pdf", 4, 8)]
    assert spans_of(EvidencePlace(document="b.pdf", page=3), find) == [("b.pdf", 8, 13)]
    assert spans_of(EvidencePlace(document="a.txt"), find) == [("a.txt", 0, 15)]


@pytest.mark.parametrize(
    ("place", "fault"),
    [
        (EvidencePlace(document="c.txt", quote="x"), r"there is no document 'c\.txt' in the index"),
        (EvidencePlace(document="a.txt", quote="z"), r"a\.txt does not say 'z'"),
        (EvidencePlace(document="a.txt", page=1), r"a\.txt has no pages, so there is no page 1"),
        (EvidencePlace(document="b.pdf", page=4), r"b\.pdf has 3 pages, so there is no page 4"),
    ],
)
def test_spans_of_a_place_that_is_not_there_tell_why(place: EvidencePlace, fault: str) -> None:
    with pytest.raises(EvidenceMissing, match=fault):
        spans_of(place, find)


def test_look_up_gives_the_facts_of_each_item() -> None:
    also = (EvidencePlace(document="b.pdf", quote="two"),)
    found = resolve_evidence(
        gold(
            GoldEvidence(document="a.txt", quote="xy", also=also, grade=2),
            GoldEvidence(document="b.pdf", page=1),
            GoldEvidence(document="b.pdf"),
        ),
        find,
    )
    assert found == {
        "q1": (Fact((("a.txt", 13, 15), ("b.pdf", 4, 7)), grade=2),),
        "q2": (Fact((("b.pdf", 0, 4),), pages=frozenset({("b.pdf", 1)})),),
        "q3": (Fact((("b.pdf", 0, 13),), whole=True),),
    }


def test_look_up_names_every_line_whose_evidence_is_missing() -> None:
    fine = GoldEvidence(document="a.txt", quote="xy")
    wrong = GoldEvidence(document="a.txt", quote="Norway led")
    with pytest.raises(ConfigError) as caught:
        resolve_evidence(gold(fine, wrong, GoldEvidence(document="c.txt")), find)
    assert str(caught.value).splitlines() == [
        "gold file g.jsonl has faults:",
        "  line 4: a.txt does not say 'Norway led'",
        "  line 6: there is no document 'c.txt' in the index",
    ]
    assert caught.value.exit_code == 2


def test_look_up_in_an_index_of_other_documents_says_so() -> None:
    other = GoldEvidence(document="c.txt", quote="x")
    with pytest.raises(ConfigError, match=r"none of the documents .* such as 'c\.txt'; .*--corpus"):
        resolve_evidence(gold(other, other), find)


def test_finder_reads_a_document_once_and_knows_what_is_missing() -> None:
    asked = list[str]()

    def document(path: str) -> Document:
        asked.append(path)
        if path not in DOCUMENTS:
            raise UnknownDocument(f"no document {path}")
        return DOCUMENTS[path]

    found = finder(document)
    assert [found("a.txt"), found("c.txt"), found("a.txt"), found("c.txt")] == [
        DOCUMENTS["a.txt"],
        None,
        DOCUMENTS["a.txt"],
        None,
    ]
    assert asked == ["a.txt", "c.txt"]

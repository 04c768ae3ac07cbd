"""Awkward files that people reported: each gives its words, and a question about it its answer."""

from __future__ import annotations

import re
import shutil
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from index.formats.base import Parsed
from index.formats.registry import parse
from index.settings import load_settings
from index.sync.sync import sync
from rag.engine import build
from rag.settings import Settings
from rag.types import Answer

pytestmark = [pytest.mark.model, pytest.mark.full]
CASES = Path(__file__).parents[2].parent / "shared" / "data" / "cases"


@dataclass(frozen=True, slots=True)
class Case:
    """What the text of a file must hold (regular expressions), and what a question about it gets.

    `told` is part of a note or of the reason why the file is not read. `alone` names the folder
    that the file is indexed in; "" is one of all the others. With `cited`, the expression must be
    found in what the answer cites, and `unsaid` nowhere in the answer.
    """

    file: str
    question: str
    answer: str
    text: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    headings: tuple[str, ...] | None = None
    title: str = ""
    told: str = ""
    alone: str = ""
    cited: str = ""
    unsaid: str = ""


TABLE = (
    Case(
        "abbrev.txt",
        "Wo steht die Genehmigung?",
        r"Die Genehmigung steht in Abs\. 3 der Satzung",
        cited=r"^Die Genehmigung steht in Abs\. 3 der Satzung\.$",
    ),
    Case("catalog.xml", "What does the copper kettle cost?", r"48\.90", never=("<",), unsaid="<"),
    Case(
        "chat.txt",
        "What is the lock code?",
        "7741",
        cited=r"^12/03/2026, 10:31 - Dora: The lock code is 7741",
        unsaid="20 litres|Media omitted|👍",
    ),
    Case(
        "csv-comment-lines.csv",
        "What was the level at Hook Point at 18:00?",
        r"3\.66",
        text=("time: 2026-02-01T18:00; station: Hook Point; level: 3.66",),
    ),
    Case(
        "csv-sep-line.csv",
        "Welchen Liegeplatz hat Kormoran?",
        "C03",
        text=("Boat: Kormoran; Länge: 9,10; Liegeplatz: C03",),
        never=("sep=",),
    ),
    Case(
        "details-dl.html",
        "What is the check-out time?",
        "until eleven in the morning",
        text=(r"Check-out\s+until eleven in the morning",),
    ),
    Case(
        "docx-auto-numbered-clauses.docx",
        "What does clause 2.2 say about the goods?",
        "wet",
        text=(r"2\.2\.?\s+Goods that arrive wet",),
    ),
    Case(
        "docx-custom-headings.docx",
        "What does a rowing boat cost?",
        "25 crowns an hour",
        headings=("Fishing rights", "Camping", "Boats"),
    ),
    Case(
        "docx-equation.docx",
        "What must the efficiency of the pump be at least?",
        r"0\.72",
        text=(r"0\.72", r"9\.81"),
    ),
    Case(
        "docx-header-footer.docx", "Since when is instruction QP-17 in force?", "2 June 2025"
    ),
    Case(
        "docx-strict-ooxml.docx",
        "Where does the key of the tool shed hang?",
        "behind the second door",
        text=("behind the second door",),
    ),
    Case(
        "docx-superscript-number.docx",
        "How high is the tower of Saint Osyth?",
        r"\b61(\[3\]|³| 3) metres",
        text=(r"61(\[3\]|³| 3) metres",),
        never=("613",),
    ),
    Case(
        "docx-vmerge-without-start.docx",
        "Where is the list of boats kept?",
        "tin box",
        text=("eleven euros",),
    ),
    Case(
        "leave.csv", "How many days of annual leave does grade B get?", r"\b27\b", alone="leave"
    ),
    Case(
        "mail-gbk-mislabelled.eml",
        "三号码头从什么时候起关闭？",
        "三号码头从星期二早上八点起关闭两天",
        text=("三号码头从星期二早上八点起关闭两天",),
    ),
    Case(
        "mail-latin1-undeclared.eml",
        "Où est la clé du hangar ?",
        "garçon du café",
        title="Clé du hangar",
    ),
    Case("mail-pgp.eml", "", "", told="encrypted"),
    Case(
        "mail-placeholder-plain.eml",
        "When does the parcel with the brass lamp arrive?",
        "5 March between 14:00 and 16:00",
    ),
    Case(
        "pdf-alternating-heads.pdf",
        "Where was the great bell of Orne cast?",
        "in the yard of the church",
        text=("tonnes over the bridge at the mill",),
        headings=(),
    ),
    Case(
        "pdf-chinese-wrapped.pdf",
        "备用发电机什么时候试运行？",
        "每月第一个星期一",
        never=(r"[\u4e00-\u9fff]\s[\u4e00-\u9fff]",),
    ),
    Case(
        "pdf-columns-row-by-row.pdf",
        "When does the reading room open on Saturdays?",
        r"\bten on Saturdays",
        text=("on weekdays and at ten on Saturdays", "brought to table six by the keeper"),
    ),
    Case(
        "pdf-double-spaced.pdf",
        "When may the lessor waive the inspection of the boiler room?",
        "premium of 3,480 crowns",
        text=(
            r"Under the second amendment[^\n]*every inspection report\.",
            r"The lessor may waive[^\n]*paid in full\.",
            r"Neither party may assign[^\n]*without a reason\.",
        ),
        cited="premium of 3,480 crowns",
    ),
    Case(
        "pdf-filled-form.pdf",
        "What is the insurance number of the boat?",
        "QX-77120-B",
        text=(r"Insurance number\W+QX-77120-B", r"11\.4", "Margarethe II"),
    ),
    Case(
        "pdf-footnote-splits-sentence.pdf",
        "What must be paid for a late key of the boathouse?",
        "thirty crowns",
        text=("must pay a late fee of thirty crowns",),
    ),
    Case("pdf-letterhead.pdf", "Since when is policy HR-12 in force?", "1 March 2024"),
    Case(
        "pdf-letterhead.pdf",
        "What is the help line of Larkfield Water Cooperative?",
        "0555 014 223",
    ),
    Case(
        "pdf-table-repeated-header.pdf",
        "What is the night rate in Oban?",
        r"0\.19",
        text=("Town Day rate Night rate Meter fee",),
    ),
    Case(
        "pdf-total-in-large-type.pdf", "What is the amount due on invoice 2207?", r"324\.20"
    ),
    Case(
        "pdf-watermark.pdf",
        "When is the orchard gate opened again?",
        "half past six",
        headings=(),
    ),
    Case(
        "pptx-3d-chart.pptx",
        "When is the lighthouse open?",
        "from ten to four",
        text=("open from ten to four", "902"),
    ),
    Case("price-chf.txt", "What does the south lot cost?", "35 CHF", alone="prices"),
    Case("price-eur.txt", "What does the north lot cost?", "EUR 40", alone="prices"),
    Case("rates.csv", "What does a boiler check cost?", r"\b80\b", alone="rates"),
    Case("rates.csv", "How much does the chimney sweep cost?", r"\b65\b", alone="rates"),
    Case(
        "readme.md",
        "Which helmet was bought in 2024?",
        "Wren",
        never=("third brick", "<"),
        unsaid="<",
    ),
    Case("readme.md", "Where is the spare key of the loft?", "", unsaid="third brick|brick"),
    Case(
        "sup.html",
        "How high is the dam at Cray?",
        r"\b84(\[2\]|²| 2) metres",
        never=("842", r"310(?=3)"),
    ),
    Case(
        "talk.srt",
        "Where does the new sandbank lie?",
        "two hundred metres west of the green buoy",
        cited="two hundred metres west of the green buoy",
        unsaid=r"-->|00:00",
    ),
    Case(
        "tsv-leading-quote.tsv",
        "What is the stock of the tee?",
        r"\b61\b",
        text=(r"A5\W[^\n]*Tee[^\n]*61\n", r"A6\W[^\n]*Cap[^\n]*19$"),
    ),
    Case(
        "word-with-macros.docm",
        "Where does the key of the tool shed hang?",
        "behind the second door",
        text=("behind the second door",),
        alone="macros",
    ),
    Case(
        "xlsx-label-row-between-tables.xlsx",
        "What did Orrin borrow?",
        "Spade",
        text=("Member: Orrin; Tool: Spade",),
    ),
    Case(
        "xlsx-number-formats.xlsx",
        "What is the personal number?",
        "123-45-6789",
        text=("123-45-6789", "02134", r"7\.6%", "48.3M", "37:30", "17:45", r"\(1,250\.50\)"),
    ),
    Case(
        "xlsx-preamble-rows.xlsx",
        "What is the deposit for the boat Plover?",
        r"\b80\b",
        text=("Boat: Plover; Seats: 4; Fee per hour: 22; Deposit: 80",),
    ),
    Case(
        "xlsx-wide-60-columns.xlsx",
        "How much rain fell at Dunmoss in autumn 2022?",
        r"\b358\b",
        cited="Dunmoss",
    ),
)  # fmt: skip


@cache
def read(name: str) -> Parsed:
    return parse(name, (CASES / name).read_bytes())


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Answer]:
    """The answer to each question, asked of the folder that its file is indexed in."""
    folders = defaultdict[str, list[Case]](list)
    for case in TABLE:
        folders[case.alone].append(case)
    found = dict[str, Answer]()
    for name, cases in folders.items():
        place = tmp_path_factory.mktemp(name or "others")
        (place / "corpus").mkdir()
        for file in {case.file for case in cases}:
            shutil.copy(CASES / file, place / "corpus")
        settings = load_settings(Settings, data=place / "data")
        sync(settings, place / "corpus")
        engine = build(settings)
        found |= {case.question: engine.answer(case.question) for case in cases if case.question}
        engine.close()
    return found


def faults(case: Case, answers: dict[str, Answer]) -> Iterator[str]:
    """What is wrong with the text of a file, and with the answer that rests on it."""
    parsed = read(case.file)
    yield from (f"lacks {words!r}" for words in case.text if not re.search(words, parsed.text))
    yield from (f"has {words!r}" for words in case.never if re.search(words, parsed.text))
    headings = tuple(heading.text for heading in parsed.headings)
    if case.headings is not None and headings != case.headings:
        yield f"headings are {headings}"
    if case.title and parsed.title != case.title:
        yield f"title is {parsed.title!r}"
    if case.told not in " ".join(parsed.notes):
        yield f"notes are {parsed.notes}"
    if case.question:
        yield from _wrong_answer(case, answers[case.question])


def _wrong_answer(case: Case, answer: Answer) -> Iterator[str]:
    said = " ".join(statement.text for statement in answer.statements)
    quotes = [citation.quote.text for citation in answer.citations]
    if not re.search(case.answer, said):
        yield f"{case.question} {said!r} lacks {case.answer!r}"
    if case.cited and not any(re.search(case.cited, quote) for quote in quotes):
        yield f"{case.question} cites {quotes}, none with {case.cited!r}"
    if case.unsaid and re.search(case.unsaid, " ".join([said, *quotes])):
        yield f"{case.question} {said!r} holds {case.unsaid!r}"


@pytest.mark.skipif(not CASES.is_dir(), reason="needs ../shared/data/cases")
def test_awkward_files_are_right_in_text_and_answer(answers: dict[str, Answer]) -> None:
    files = {path.name for path in CASES.iterdir()} - {"expected.md"}
    assert {case.file for case in TABLE} == files
    found = [(case.file, fault) for case in TABLE for fault in faults(case, answers)]
    wrong = "".join(f"\n{file}: {fault}" for file, fault in found)
    right = len(files) - len({file for file, _ in found})
    assert not found, f"{right} of {len(files)} right in text and answer{wrong}"

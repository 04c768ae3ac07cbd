"""docs/architecture.md: its picture is that of the code as it is, and the files it names exist."""

from __future__ import annotations

import re

import pytest

from tests.helpers.house import PLACES, ROOT, draw, floors_of

pytestmark = pytest.mark.unit

PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
WALKS = re.findall(r"^## (Where does .*\?)\n\n((?:\d+\. .*\n)+)", PAGE, re.MULTILINE)


def test_picture_of_the_house_is_current() -> None:
    drawn = (ROOT / "docs" / "architecture.svg").read_text(encoding="utf-8")
    assert drawn == draw(), "run: make house"


def test_picture_of_the_house_has_every_folder_and_its_sentence() -> None:
    for package in PLACES:
        rooms = {room.name: room for floor in floors_of(package) for room in floor}
        folders = {path.parent.name for path in (ROOT / package).glob("*/__init__.py")}
        assert folders <= rooms.keys()
        assert all(len(rooms[folder].summary) > 10 for folder in folders)


def test_walks_are_those_of_a_question_a_document_and_an_evaluation() -> None:
    names = [name.split()[3] for name, _ in WALKS]
    assert names == ["question", "document", "evaluation"]


@pytest.mark.parametrize(("name", "walk"), WALKS)
def test_walk_leads_through_ten_files_that_exist(name: str, walk: str) -> None:
    steps = re.findall(r"^(\d+)\. `([a-z_/]+\.py)` .*\.$", walk, re.MULTILINE)
    assert [int(number) for number, _ in steps] == list(range(1, 11))
    assert [path for _, path in steps if not (ROOT / path).is_file()] == []


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/architecture.md"])
def test_files_and_folders_that_a_page_names_exist(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    named = re.findall(r"`((?:index|rag|ui|eval|tests|docs|examples)/[\w./]*)`", text)
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


def steps_of(page: str) -> list[list[str]]:
    """The names in code of the second column of a page's table of steps."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    rows = text.partition("| step | module |")[2].partition("\n\n")[0].splitlines()[2:]
    return [re.findall(r"`([\w/]+)`", row.split("|")[2]) for row in rows]


def test_modules_of_the_steps_of_an_index_exist() -> None:
    names = [name for row in steps_of("index.md") for name in row]
    assert len(names) > 8
    places = [ROOT / "index" / name for name in names]
    assert [p for p in places if not (p.is_dir() or p.with_suffix(".py").is_file())] == []


def test_modules_of_the_steps_of_an_answer_exist() -> None:
    rows = steps_of("answering.md")
    assert len(rows) > 5
    places = [ROOT / "rag" / folder / f"{name}.py" for folder, *names in rows for name in names]
    assert [place for place in places if not place.is_file()] == []

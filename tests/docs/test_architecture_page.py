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

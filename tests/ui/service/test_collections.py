"""Which collections a caller gets, how they are named, and what is set for one alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from index.errors import ConfigError
from index.settings import load_settings
from rag.settings import Settings
from ui.service.admission import AdmissionControl
from ui.service.collections import (
    CollectionAccess,
    Collections,
    UnknownCollection,
    check_name,
    indexed_names,
    named_in,
    settings_for,
)
from ui.service.tokens import ANYONE, Caller, Tokens

pytestmark = pytest.mark.unit

NAMES = ("hr", "it", "legal")
HR = Caller("a", may_write=False, reads=frozenset({"hr"}), writes=frozenset())
TWO = Caller("b", may_write=True, reads=frozenset({"it", "hr"}), writes=frozenset({"it"}))
ELSEWHERE = Caller("c", may_write=True, reads=frozenset({"shop"}), writes=frozenset({"shop"}))


@pytest.fixture
def access(tmp_path: Path) -> CollectionAccess:
    settings = load_settings(Settings, data=tmp_path)
    collections = Collections(settings, {n: settings_for(settings, n, {}) for n in NAMES})
    return CollectionAccess(AdmissionControl(collections.engine), {}, collections)


@pytest.mark.parametrize("name", ["hr", "a", "0", "it-2024", "a_b", "x" * 40])
def test_name_that_a_url_holds_is_taken(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize(
    "name", ["", "HR", "a b", "a/b", "..", ".", "-a", "all", "é", "x" * 41, "a:write", "a\n"]
)
def test_name_that_would_not_work_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="use up to 40 small letters"):
        check_name(name)


@pytest.mark.parametrize(
    ("caller", "wanted", "expected"),
    [
        (ANYONE, None, NAMES),
        (ANYONE, "", NAMES),
        (ANYONE, "all", NAMES),
        (ANYONE, ["all"], NAMES),
        (ANYONE, [], NAMES),
        (ANYONE, "it", ("it",)),
        (ANYONE, ["legal", "hr", "hr"], ("hr", "legal")),
        (HR, None, ("hr",)),
        (HR, "all", ("hr",)),
        (TWO, None, ("hr", "it")),
        (TWO, ["it"], ("it",)),
    ],
)
def test_caller_gets_the_collections_that_it_names_of_those_that_it_reads(
    access: CollectionAccess, caller: Caller, wanted: str | list[str] | None, expected: object
) -> None:
    assert access.chosen(caller, wanted) == expected


@pytest.mark.parametrize(
    ("caller", "wanted", "told"),
    [
        (ANYONE, "shop", "there are: hr, it, legal$"),
        (HR, "it", "there are: hr$"),
        (HR, ["hr", "it"], "there are: hr$"),
        (TWO, "legal", "there are: hr, it$"),
        (ELSEWHERE, None, "this token is for other collections"),
        (ELSEWHERE, "shop", "there is no collection 'shop'"),
    ],
)
def test_collection_of_others_is_refused_as_one_that_there_is_not(
    access: CollectionAccess, caller: Caller, wanted: str | list[str] | None, told: str
) -> None:
    with pytest.raises(UnknownCollection, match=told):
        access.answers(caller, wanted)


def test_one_folder_has_no_collections_to_name(access: CollectionAccess) -> None:
    one = CollectionAccess(access.answers(ANYONE), {})
    assert one.chosen(ANYONE) == ()
    assert one.answers(ANYONE, "all") is one.answers(ANYONE)
    with pytest.raises(UnknownCollection, match="there are no collections here"):
        one.answers(ANYONE, "hr")
    assert one.is_shut(HR)
    assert not one.is_shut(ANYONE)


def test_settings_of_a_collection_are_the_servers_but_for_its_own(tmp_path: Path) -> None:
    settings = load_settings(Settings, data=tmp_path, passages=5)
    own = settings_for(settings, "hr", {"refuse_below": 0.5, "passage_tokens": 90})
    assert (own.passages, own.refuse_below, own.passage_tokens) == (5, 0.5, 90)
    assert own.data == tmp_path / "collections" / "hr"
    with pytest.raises(ConfigError, match="'llm_url' cannot be set for a collection alone"):
        settings_for(settings, "hr", {"llm_url": "http://127.0.0.1"})
    with pytest.raises(ConfigError, match="setting 'refuse_below' is wrong"):
        settings_for(settings, "hr", {"refuse_below": 7})


def test_setting_names_folders_or_tables_with_folders() -> None:
    found = named_in({"hr": "docs/hr", "it": {"folder": "docs/it", "sentences": 1}, "old": {}})
    assert [(each.name, each.folder, dict(each.own)) for each in found.values()] == [
        ("hr", Path("docs/hr"), {}),
        ("it", Path("docs/it"), {"sentences": 1}),
        ("old", None, {}),
    ]
    for wrong in ({"hr": 7}, {"hr": {"folder": 7}}):
        with pytest.raises(ConfigError, match="neither a folder nor a table"):
            named_in(wrong)
    with pytest.raises(ConfigError, match="cannot be called 'Hr'"):
        named_in({"Hr": "docs"})


def test_data_folder_tells_its_collections(tmp_path: Path) -> None:
    assert indexed_names(tmp_path) == ()
    for name in ("it", "hr"):
        (tmp_path / "collections" / name).mkdir(parents=True)
    (tmp_path / "collections" / "notes.txt").touch()
    assert indexed_names(tmp_path) == ("hr", "it")


@pytest.mark.parametrize(
    ("collections", "write", "expected"),
    [
        ((), False, (None, None, False)),
        ((), True, (None, None, True)),
        (("hr",), False, ({"hr"}, set(), False)),
        (("hr", "it:write"), False, ({"hr", "it"}, {"it"}, True)),
        (("hr", "it"), True, ({"hr", "it"}, {"hr", "it"}, True)),
    ],
)
def test_token_keeps_the_collections_that_it_reads_and_writes(
    tmp_path: Path, collections: tuple[str, ...], write: bool, expected: object
) -> None:
    _, secret = Tokens(tmp_path).make("name", write, collections)
    token = Tokens(tmp_path).find(secret)
    assert token
    caller = token.caller
    assert (caller.reads, caller.writes, caller.may_write) == expected

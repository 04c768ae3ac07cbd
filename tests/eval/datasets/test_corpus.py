from pathlib import Path

import pytest

from eval.datasets.corpus import OwnIndex, own_index, update, write_documents
from eval.datasets.gold import GoldItem, GoldSet
from index.catalog.reader import Catalog
from index.errors import ConfigError
from index.settings import load_settings
from rag.settings import Settings

ITEM = GoldItem(id="one", question="Where?", answers=("Cairo",))


@pytest.mark.unit
def test_write_documents_changes_only_what_differs(tmp_path: Path) -> None:
    documents = {"a.txt": "Egypt led.\r\n", "b.txt": "Cairo."}
    assert write_documents(documents, tmp_path / "corpus") == 2
    before = (tmp_path / "corpus" / "a.txt").stat().st_mtime_ns
    assert write_documents(documents, tmp_path / "corpus") == 0
    assert write_documents({"a.txt": "Egypt led.\r\n", "c.txt": ""}, tmp_path / "corpus") == 2
    assert sorted(path.name for path in (tmp_path / "corpus").iterdir()) == ["a.txt", "c.txt"]
    assert (tmp_path / "corpus" / "a.txt").read_bytes() == b"Egypt led.\r\n"
    assert (tmp_path / "corpus" / "a.txt").stat().st_mtime_ns == before


def own(gold: GoldSet, path: Path, corpus: Path | None, data: Path) -> OwnIndex | None:
    return own_index(gold, path, corpus, load_settings(Settings, data=data))


@pytest.mark.unit
def test_own_index_of_a_set_with_documents_writes_them_as_they_are(tmp_path: Path) -> None:
    gold = GoldSet("g", (ITEM,), ("line 1",), {"a.txt": "Cairo.", "b.pdf": b"%PDF \xff"})
    found = own(gold, tmp_path / "g.jsonl", None, tmp_path / "data")
    assert found is not None
    assert (found.corpus / "a.txt").read_bytes() == b"Cairo."
    assert (found.corpus / "b.pdf").read_bytes() == b"%PDF \xff"
    with pytest.raises(ConfigError, match="brings its own documents; run it without --corpus"):
        own(gold, tmp_path / "g.jsonl", tmp_path, tmp_path / "data")


@pytest.mark.unit
def test_own_index_of_a_folder_that_holds_the_gold_set_is_refused(tmp_path: Path) -> None:
    gold = GoldSet("g", (ITEM,), ("line 1",))
    (tmp_path / "corpus").mkdir()
    with pytest.raises(ConfigError, match="so its answers would be found there; keep them apart"):
        own(gold, tmp_path / "corpus" / "g.jsonl", tmp_path / "corpus", tmp_path / "data")
    assert own(gold, tmp_path / "g.jsonl", tmp_path / "corpus", tmp_path / "data") is not None
    assert own(gold, tmp_path / "g.jsonl", None, tmp_path / "data") is None


@pytest.mark.model
def test_update_of_a_folder_that_lost_most_of_its_files_indexes_what_is_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus = tmp_path / "corpus"
    write_documents({f"{name}.txt": f"Cairo {name}." for name in "abcd"}, corpus)
    found = own(GoldSet("g", (ITEM,), ("line 1",)), tmp_path / "g.jsonl", corpus, tmp_path / "data")
    assert found is not None
    assert update(found) == ()
    write_documents({"a.txt": "Cairo a.", "b.pdf": b"%PDF-1.7 no more"}, corpus)
    assert update(found) == ("b.pdf",)
    assert capsys.readouterr().err.startswith("not indexed: b.pdf: ")
    catalog = Catalog.read(found.settings.data)
    assert [document.path for document in catalog.documents()] == ["a.txt", "b.pdf"]
    catalog.close()

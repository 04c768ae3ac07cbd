"""What the commands share: sentences whose commands can be pasted as they are."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from index.catalog.writer import CatalogWriter
from ui.cli import main

pytestmark = pytest.mark.unit


def catalog_of(data: Path, corpus: Path, schema: str = "") -> None:
    """An index of a folder as far as commands look at it before they fail."""
    corpus.mkdir()
    data.mkdir()
    catalog = CatalogWriter.create(data)
    with catalog.transaction():
        catalog.set_meta("corpus", str(corpus))
        catalog.set_meta("generation", "1")
        if schema:
            catalog.set_meta("schema", schema)
    catalog.close()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["ask", "How", "many", "days"],
            'Put it in quotes: footnote --data DATA ask "How many days"',
        ),
        (["ask", "Who?"], "nothing is indexed in DATA; run: footnote --data DATA index FOLDER"),
        (["index", "nowhere"], "nowhere is not a folder; run: footnote --data DATA index FOLDER"),
        (["token", "revoke", "ab"], "there is no token 'ab'; run: footnote --data DATA token list"),
    ],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_command_of_a_sentence_names_the_data_folder(
    tmp_path: Path, words: list[str], said: str
) -> None:
    data = tmp_path / "data"
    result = CliRunner().invoke(main, ["--data", str(data), *words])
    assert result.exit_code == 2
    assert result.output.endswith(said.replace("DATA", str(data)) + "\n")


def test_command_of_a_sentence_names_the_folder_that_is_given(tmp_path: Path) -> None:
    data, corpus = tmp_path / "data", tmp_path / "my corpus"
    catalog_of(data, corpus, "3")
    result = CliRunner().invoke(main, ["--data", str(data), "index", str(corpus)])
    assert result.exit_code == 2
    assert result.output.endswith(f"run: footnote --data {data} index '{corpus}' --rebuild\n")


def test_index_without_a_folder_takes_the_one_that_is_indexed(tmp_path: Path) -> None:
    data, corpus = tmp_path / "data", tmp_path / "corpus"
    catalog_of(data, corpus)
    corpus.rmdir()
    result = CliRunner().invoke(main, ["--data", str(data), "index"])
    assert result.exit_code == 2
    assert f"{corpus} is not a folder" in result.output


def test_index_of_an_empty_folder_says_so(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    result = CliRunner().invoke(main, ["--data", str(tmp_path / "data"), "index", str(corpus)])
    assert result.exit_code == 0
    assert f"There is no document in {corpus}, so nothing can be asked: put files" in result.output

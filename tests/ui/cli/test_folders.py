"""Collections in the terminal: which folders are meant, and what is asked of them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import click
import pytest
from click.testing import CliRunner, Result

from index.errors import ConfigError
from tests.helpers.indexing import sharing_minilm, write
from tests.helpers.screenshot import FOOTNOTE
from ui.cli import main
from ui.cli.folders import folders_of

pytestmark = pytest.mark.model

TOML = '[collections]\nhr = "docs/hr"\n\n[collections.it]\nfolder = "docs/it"\nsentences = 1\n'


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> click.Context:
    monkeypatch.chdir(tmp_path)
    return click.Context(click.Command("index"), obj={"data": str(tmp_path / "data")})


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Two collections that are indexed below `data`."""
    folder = tmp_path_factory.mktemp("named")
    write(folder / "hr", {"leave.md": "# Leave\n\nEmployees have 28 days of paid leave.\n"})
    write(folder / "it", {"mail.md": "# Mail\n\nThe mail server is called ada.\n"})
    with sharing_minilm():
        done = run(folder, "index", f"hr={folder / 'hr'}", f"it={folder / 'it'}")
        assert done.exit_code == 0, done.output
        assert [line for line in done.output.splitlines() if line.startswith(("hr:", "it:"))] == [
            f"hr: {folder / 'hr'}",
            f"it: {folder / 'it'}",
        ]
        yield folder


def run(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--data", str(folder / "data"), *arguments])


def test_arguments_with_names_are_collections(context: click.Context, tmp_path: Path) -> None:
    found = folders_of(context, ["hr=docs/hr", "it=a=b"])
    assert [(each.name, each.folder) for each in found] == [
        ("hr", Path("docs/hr")),
        ("it", Path("a=b")),
    ]
    (tmp_path / "x=y").mkdir()
    for plain in ("docs", "./a=b/c", "x=y"):
        assert folders_of(context, [plain]) == []


def test_settings_name_collections_where_no_argument_does(
    context: click.Context, tmp_path: Path
) -> None:
    (tmp_path / "footnote.toml").write_text(TOML, encoding="utf-8")
    named = [(each.name, each.folder, dict(each.own)) for each in folders_of(context, [])]
    assert named == [("hr", Path("docs/hr"), {}), ("it", Path("docs/it"), {"sentences": 1})]
    (other,) = folders_of(context, ["it=elsewhere"])
    assert (other.folder, other.own) == (Path("elsewhere"), {"sentences": 1})


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["docs", "more"], "each needs a name; write: NAME=docs"),
        (["hr=docs", "more"], "each needs a name"),
        (["hr=docs", "hr=more"], "two collections have one name"),
        (["HR=docs"], "a collection cannot be called 'HR'"),
        (["all=docs"], "a collection cannot be called 'all'"),
    ],
)
def test_folders_that_cannot_be_told_apart_are_refused(
    context: click.Context, given: list[str], told: str
) -> None:
    with pytest.raises(ConfigError, match=told):
        folders_of(context, given)


def test_question_goes_to_the_collections_that_are_named(place: Path) -> None:
    for arguments, cited in (
        ([], ["hr/leave.md"]),
        (["--collection", "hr"], ["hr/leave.md"]),
        (["--collection", "it"], []),
    ):
        asked = run(place, "ask", "How many days of paid leave?", "--json", *arguments)
        assert [each["document"] for each in json.loads(asked.output)["citations"]] == cited
    found = run(place, "search", "mail server", "--collection", "it", "--json")
    assert [each["document"] for each in json.loads(found.output)["passages"]] == ["it/mail.md"]


def test_collection_that_there_is_not_is_named_with_those_that_there_are(place: Path) -> None:
    result = run(place, "ask", "What?", "--collection", "shop")
    assert result.exit_code == 2
    assert result.output.endswith("/data; there are: hr, it\n")


def test_failure_of_one_collection_leaves_the_others_indexed(place: Path) -> None:
    done = run(place, "index", "gone=/no/such/folder", f"it={place / 'it'}")
    assert done.exit_code == 2
    assert "footnote: collection 'gone': " in done.output
    assert "1 unchanged" in done.output


def test_watching_takes_one_folder_at_a_time(place: Path) -> None:
    done = run(place, "index", "--watch", f"it={place / 'it'}")
    assert done.exit_code == 2
    assert f"--data {place / 'data' / 'collections' / 'it'} index {place / 'it'} --watch" in (
        done.output
    )


def test_server_of_collections_tells_how_many_and_names_a_model_for_each(place: Path) -> None:
    server = subprocess.Popen(
        [*FOOTNOTE, "--data", str(place / "data"), "serve", "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout
        ready = server.stdout.readline()
        assert ready.endswith("(2 collections, 2 documents, 2 passages)\n")
        address = "http://" + ready.partition("http://")[2].split()[0]
        with urlopen(f"{address}/v1/models", timeout=20) as reply:
            models = json.load(reply)["data"]
        assert [each["id"] for each in models] == ["footnote", "footnote:hr", "footnote:it"]
    finally:
        server.terminate()
        server.wait(timeout=30)
        if server.stdout:
            server.stdout.close()

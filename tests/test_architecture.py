"""The shape of the code, as far as import-linter's contracts in pyproject.toml do not hold it."""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parent.parent
PACKAGES = ("index", "rag", "ui", "eval")
FOLDER_MODULES = 12
FOLDER_LEVELS = 3
MODULE_LINES = range(60, 501)
FUNCTION_LINES = 50
# Names that two classes still share: none may be added.
SHARED_NAMES = {"Fact"}
# Shorter ones that only one module imports: none may be added.
SMALL = {"rag/followups/llm_rewrite.py", "ui/page/updates.py"}


def modules() -> list[Path]:
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def name_of(path: Path) -> str:
    """A module's path below the repository, with `/`."""
    return path.relative_to(ROOT).as_posix()


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported_by(path: Path) -> set[str]:
    """Dotted names that a module imports, of modules or of what they hold."""
    names = set[str]()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


@cache
def importers() -> Counter[str]:
    """How many modules of the packages import each name."""
    return Counter(name for path in modules() for name in imported_by(path))


def class_names() -> dict[str, list[str]]:
    """The modules that define a class of each name."""
    found = defaultdict[str, list[str]](list)
    for path in modules():
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.ClassDef):
                found[node.name].append(name_of(path))
    return found


each_module = pytest.mark.parametrize("path", modules(), ids=name_of)


@pytest.mark.parametrize("folder", sorted({path.parent for path in modules()}), ids=name_of)
def test_folder_holds_at_most_twelve_modules_at_most_three_levels_deep(folder: Path) -> None:
    assert len([path for path in folder.glob("*.py") if path.stem != "__init__"]) <= FOLDER_MODULES
    assert len(folder.relative_to(ROOT).parts) <= FOLDER_LEVELS


@each_module
def test_module_has_at_most_500_lines_and_two_importers_below_60(path: Path) -> None:
    if path.stem in {"__init__", "__main__"} or name_of(path) in SMALL:
        return
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines < MODULE_LINES.stop
    # The command line finds the modules of its commands by name.
    if lines < MODULE_LINES.start and path.parent.name != "cli":
        assert importers()[name_of(path).removesuffix(".py").replace("/", ".")] >= 2


@each_module
def test_functions_of_a_module_have_at_most_50_lines(path: Path) -> None:
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= FUNCTION_LINES, f"{node.name} has {length} lines"


def test_class_name_is_used_once_in_the_repository() -> None:
    shared = {name: places for name, places in class_names().items() if len(places) > 1}
    assert {name: shared[name] for name in shared.keys() - SHARED_NAMES} == {}

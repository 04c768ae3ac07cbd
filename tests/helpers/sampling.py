"""Which cases run on each change: `sample(3)` keeps three cases of a parametrised test, by hash.

`sample(2, by="family")` keeps two of every family, where ids are like "images 4", "images 5".
The others are marked `full` and run in `make test-all`. The choice follows from the ids of the
cases alone, so it is the same in every run and on every machine.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Generator, Iterable, Sequence
from zlib import crc32

import pytest


def sample_of(ids: Iterable[str], count: int) -> set[str]:
    """`count` of the ids, or all if there are no more."""
    return set(sorted(ids, key=lambda each: (crc32(each.encode("utf-8", "replace")), each))[:count])


def mark_full(items: Sequence[pytest.Item]) -> None:
    """Mark the cases that the samples leave out. Raises ValueError for a sample below 1."""
    groups = defaultdict[tuple[str, str, int], dict[str, pytest.Item]](dict)
    for item in items:
        if marker := item.get_closest_marker("sample"):
            test, _, case = item.nodeid.partition("[")
            family = re.sub(r"\d+", "", case) if marker.kwargs.get("by") == "family" else ""
            groups[test, family, marker.args[0]][item.nodeid] = item
    for (test, _, count), cases in groups.items():
        if count < 1:
            raise ValueError(f"{test}: a sample holds at least one case")
        for nodeid in cases.keys() - sample_of(cases, count):
            cases[nodeid].add_marker("full")


@pytest.hookimpl(wrapper=True)
def pytest_pycollect_makeitem() -> Generator[None, object, object]:
    """Choose as a test gives its cases: later, `--last-failed` and node ids have left some out."""
    made = yield
    if isinstance(made, list):
        mark_full([case for case in made if isinstance(case, pytest.Item)])
    return made

"""The sample of cases that runs on each change."""

from __future__ import annotations

from typing import Any, cast

import pytest

from tests.helpers.payloads import FAMILIES, PAYLOADS
from tests.helpers.sampling import mark_full, sample_of

pytest_plugins = ["pytester"]
pytestmark = pytest.mark.unit


class Case:
    """As much of a pytest item as sampling uses."""

    def __init__(self, nodeid: str, *marker: Any, **options: str) -> None:
        self.nodeid = nodeid
        self.is_full = False
        self._marker = pytest.mark.sample(*marker, **options).mark if marker else None

    def get_closest_marker(self, name: str) -> pytest.Mark | None:
        return self._marker if name == "sample" else None

    def add_marker(self, name: str) -> None:
        assert name == "full"
        self.is_full = True


def kept(cases: list[Case]) -> list[str]:
    mark_full(cast("list[pytest.Item]", cases))
    return [case.nodeid for case in cases if not case.is_full]


def test_sample_of_ids_is_the_same_in_any_order_and_whole_where_they_are_few() -> None:
    ids = [f"case {number}" for number in range(100)]
    assert sample_of(ids, 7) == sample_of(reversed(ids), 7)
    assert len(sample_of(ids, 7)) == 7
    assert sample_of(ids, 6) < sample_of(ids, 7)
    assert sample_of(ids[:3], 7) == set(ids[:3])


def test_mark_full_keeps_so_many_cases_of_each_test_and_every_test_without_a_sample() -> None:
    names = [f"{test}[{n}]" for test in ("a.py::one", "a.py::two") for n in range(20)]
    marked = kept([*(Case(name, 3) for name in names), Case("a.py::three"), Case("a.py::four", 1)])
    assert [name.partition("[")[0] for name in marked] == [
        *["a.py::one"] * 3,
        *["a.py::two"] * 3,
        "a.py::three",
        "a.py::four",
    ]
    assert len({name.partition("[")[2] for name in marked[:6]}) > 3  # other cases of each test


def test_mark_full_keeps_cases_of_every_family() -> None:
    marked = kept([Case(f"a.py::one[{name}]", 2, by="family") for name in PAYLOADS])
    families = [name.partition("[")[2].rpartition(" ")[0] for name in marked]
    assert families == [family for family in FAMILIES for _ in range(2)]


def test_mark_full_of_a_sample_without_cases_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"a.py::one: a sample holds at least one case"):
        kept([Case("a.py::one[1]", 0)])


def test_choice_of_a_sample_stays_when_only_failed_cases_are_run_again(
    pytester: pytest.Pytester,
) -> None:
    pytester.makeini("[pytest]\nmarkers =\n    full\n    sample")
    pytester.makeconftest("from tests.helpers.sampling import pytest_pycollect_makeitem")
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.sample(2)
        @pytest.mark.parametrize("case", range(5))
        def test_one(case):
            assert case > 9
        """
    )
    options = ("-p", "no:schemathesis", "-p", "no:langsmith_plugin", "-m", "full")
    pytester.inline_run(*options).assertoutcome(failed=3)
    pytester.inline_run(*options, "--last-failed").assertoutcome(failed=3)

"""An LLM's statement over declared tables: the figure is right, and nothing else can be reached."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from statistics import mean

import pytest

from index.tables.limited_sql import SqlError
from index.tables.typed import TypedTable, typed
from rag.composition.table_sql import run_statement, schema, statement_in
from tests.rag.tables.build import markdown

pytestmark = pytest.mark.unit

Row = dict[str, str]
COLUMNS = ("order_id", "customer", "country", "total", "shipped")
CUSTOMERS = (("Brack", "PT"), ("Cale", "DE"), ("Dunmore", "PL"), ("Esk", "DE"))
ROWS: list[Row] = [
    dict(
        zip(
            COLUMNS,
            (
                str(5000 + n),
                CUSTOMERS[n % 4][0],
                CUSTOMERS[n % 4][1],
                f"{(n * 37) % 400 + 10}.50",
                f"2025-{n % 12 + 1:02}-15",
            ),
            strict=True,
        )
    )
    for n in range(60)
]
STOCK = [("Pump", "0"), ("Valve", "120"), ("Filter", "35")]


def tables() -> list[TypedTable]:
    orders = markdown("orders.csv", COLUMNS, [[*row.values()] for row in ROWS], "Orders")
    stock = markdown("stock.csv", ("product", "in stock"), STOCK, "Stock")
    return [*typed(orders), *typed(stock)]


def figure(statement: str) -> str:
    (row,) = run_statement(statement, tables()).values
    return row[0]


def totals(keep: Callable[[Row], bool] = lambda _: True) -> list[float]:
    return [float(row["total"]) for row in ROWS if keep(row)]


def said(number: float) -> str:
    return f"{round(number, 4):.12g}"


QUESTIONS: dict[str, tuple[str, str]] = {
    "how many orders": ("SELECT count(*) FROM t1", "60"),
    "total of all": ("SELECT sum(total) FROM t1", said(sum(totals()))),
    "mean of all": ("SELECT avg(total) FROM t1", said(mean(totals()))),
    "largest": ("SELECT max(total) FROM t1", said(max(totals()))),
    "smallest": ("SELECT min(total) FROM t1", said(min(totals()))),
    "customers": ("SELECT count(DISTINCT customer) FROM t1", "4"),
    **{
        f"how many by {name}": (
            f"SELECT count(*) FROM t1 WHERE customer = '{name}'",
            str(sum(row["customer"] == name for row in ROWS)),
        )
        for name, _ in CUSTOMERS
    },
    **{
        f"total by {name}": (
            f"SELECT round(sum(total), 2) FROM t1 WHERE lower(customer) LIKE '{name.lower()}%'",
            said(sum(totals(lambda row, name=name: row["customer"] == name))),  # type: ignore[misc, arg-type]
        )
        for name, _ in CUSTOMERS
    },
    **{
        f"total in month {month}": (
            f"SELECT sum(total) FROM t1 WHERE strftime('%m', shipped) = '{month:02}'",
            said(
                sum(totals(lambda row, month=month: row["shipped"][5:7] == f"{month:02}"))  # type: ignore[misc, arg-type]
            ),
        )
        for month in range(1, 9)
    },
    **{
        f"orders above {line}": (
            f"SELECT count(*) FROM t1 WHERE total > {line}",
            str(sum(total > line for total in totals())),
        )
        for line in (50, 100, 200, 300)
    },
    "order with the largest total": (
        "SELECT order_id FROM t1 ORDER BY total DESC LIMIT 1",
        max(ROWS, key=lambda row: float(row["total"]))["order_id"],
    ),
    "country with most": (
        "SELECT country FROM t1 GROUP BY country ORDER BY count(*) DESC, country LIMIT 1",
        "DE",
    ),
    "out of stock": ("SELECT product FROM t2 WHERE in_stock = 0", "Pump"),
    "share of DE": (
        "WITH de AS (SELECT total FROM t1 WHERE country = 'DE') "
        "SELECT round(sum(de.total) / (SELECT sum(total) FROM t1), 4) FROM de",
        said(sum(totals(lambda row: row["country"] == "DE")) / sum(totals())),
    ),
}


@pytest.mark.sample(8)
@pytest.mark.parametrize(("statement", "expected"), QUESTIONS.values(), ids=QUESTIONS)
def test_statement_gives_what_a_second_implementation_gives(statement: str, expected: str) -> None:
    assert figure(statement) == expected


def test_questions_are_thirty() -> None:
    assert len(QUESTIONS) == 30


def test_rows_of_a_statement_are_those_that_its_condition_leaves() -> None:
    result = run_statement("SELECT sum(total) FROM t1 WHERE customer = 'Esk'", tables())
    assert [ROWS[row]["customer"] for row in result.rows] == ["Esk"] * 15
    assert result.table.title == "Orders"
    assert len(run_statement("SELECT count(*) FROM t2", tables()).rows) == 3
    nested = "SELECT count(*) FROM t1 WHERE total > (SELECT avg(total) FROM t1)"
    assert len(run_statement(nested, tables()).rows) == 60


HOSTILE = (
    "INSERT INTO t1 VALUES (99, 1, 2, 3, 4, 5)",
    "UPDATE t1 SET total = 0",
    "DELETE FROM t1",
    "DROP TABLE t1",
    "CREATE TABLE t3 (x)",
    "PRAGMA database_list",
    "ATTACH DATABASE '{path}' AS other",
    "VACUUM INTO '{path}'",
    "SELECT 1; DROP TABLE t1",
    "SELECT count(*) FROM t1; ATTACH DATABASE '{path}' AS other",
    "SELECT load_extension('{path}')",
    "SELECT readfile('/etc/passwd')",
    "SELECT writefile('{path}', 'x') FROM t1",
    "SELECT sql FROM sqlite_master",
    "SELECT * FROM sqlite_schema",
    "SELECT * FROM pragma_table_info('t1')",
    "SELECT * FROM other",
    "SELECT randomblob(1000000000) FROM t1",
    "SELECT zeroblob(1000000000) FROM t1",
    "SELECT printf('%1000000000d', 1) FROM t1",
    "SELECT group_concat(total) FROM t1",
    "SELECT 1",
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n",
    "WITH RECURSIVE n(i) AS (SELECT total FROM t1 UNION ALL SELECT i + 1 FROM n) "
    "SELECT count(*) FROM n",
    "SELECT count(*) FROM t1 a, t1 b, t1 c, t1 d, t1 e, t1 f",
    "SELECT * FROM t1",
    "SELECT total FROM t1 WHERE total IN (" + "1," * 2000 + "1)",
    "EXPLAIN SELECT * FROM t1",
    "BEGIN",
    "",
)


@pytest.mark.sample(5)
@pytest.mark.parametrize("statement", HOSTILE)
def test_hostile_statement_is_refused_and_leaves_nothing(statement: str, tmp_path: Path) -> None:
    path = tmp_path / "made.db"
    with pytest.raises(SqlError, match=r"\w"):
        run_statement(statement.replace("{path}", str(path)), tables())
    assert list(tmp_path.iterdir()) == []


# Each would take gigabytes within the seconds that a statement may take.
GREEDY = (
    "SELECT DISTINCT a.note || b.note || c.id FROM t1 a, t1 b, t1 c ORDER BY 1",
    "SELECT count(DISTINCT a.note || b.note || c.note || c.id) FROM t1 a, t1 b, t1 c",
    "SELECT a.note || b.id || c.id, count(*) FROM t1 a, t1 b, t1 c GROUP BY 1 LIMIT 1",
    "SELECT a.note || b.note || c.id FROM t1 a, t1 b, t1 c ORDER BY 1 DESC LIMIT 1000000",
)


def notes() -> list[TypedTable]:
    rows = [(str(n), "a note " * 500 + str(n)) for n in range(300)]
    return [*typed(markdown("notes.csv", ("id", "note"), rows, "Notes"))]


@pytest.mark.sample(1)
@pytest.mark.parametrize("statement", GREEDY)
def test_statement_that_wants_all_memory_is_stopped_in_its_own_process(statement: str) -> None:
    with pytest.raises(SqlError, match=r"needs more memory than it may|longer than 2 seconds"):
        run_statement(statement, notes())


def test_value_that_is_no_figure_is_refused() -> None:
    with pytest.raises(SqlError, match="gives a value of more than 500 characters"):
        run_statement("SELECT note FROM t1 LIMIT 1", notes())


def test_sql_cannot_be_shadowed_from_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit(3)", "utf-8")
    monkeypatch.chdir(tmp_path)
    assert figure("SELECT count(*) FROM t1") == "60"


def test_schema_names_tables_columns_types_and_values() -> None:
    orders, stock = schema(tables()).splitlines()
    assert orders.startswith("t1 (Orders; 60 rows): order_id NUMERIC (such as 5000, 5001, 5002); ")
    assert re.search(r"customer TEXT \(such as Brack, Cale, Dunmore\); country TEXT", orders)
    assert stock == (
        "t2 (Stock; 3 rows): product TEXT (such as Pump, Valve, Filter); "
        "in_stock NUMERIC (such as 0, 120, 35)"
    )


@pytest.mark.parametrize(
    ("reply", "statement"),
    [
        ("SELECT 1;", "SELECT 1"),
        ("```sql\nSELECT a\nFROM t1;\n```\nIt counts.", "SELECT a\nFROM t1"),
        ("Here it is: select x from t1", "select x from t1"),
        ("None of the tables answer this.", ""),
    ],
)
def test_statement_is_found_in_a_reply(reply: str, statement: str) -> None:
    assert statement_in(reply) == statement

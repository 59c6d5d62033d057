"""The intervals that the marts are computed with, against printed tables and worked examples."""

from __future__ import annotations

import duckdb
import pytest

from pipeline.warehouse import FORMULAS, SQL


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    for name in FORMULAS:
        con.execute((SQL / "macros" / f"{name}.sql").read_text())
    return con


def value(con: duckdb.DuckDBPyConnection, expression: str) -> float | None:
    [(found,)] = con.execute(f"SELECT {expression}").fetchall()
    return None if found is None else float(found)


@pytest.mark.parametrize(
    ("df", "t"),
    [
        (1, 12.7062),
        (2, 4.3027),
        (3, 3.1824),
        (4, 2.7764),
        (5, 2.5706),
        (6, 2.4469),
        (10, 2.2281),
        (30, 2.0423),
        (1000, 1.9623),
    ],
)
def test_t_is_that_of_the_printed_table_within_a_thousandth(con: duckdb.DuckDBPyConnection, df: int, t: float) -> None:
    assert value(con, f"t975({df})") == pytest.approx(t, rel=1.2e-3)


@pytest.mark.parametrize(
    ("share", "n", "low", "high"),
    # Newcombe 1998, Statistics in Medicine 17:857, table I, method 3.
    [
        (81 / 263, 263, 0.2553, 0.3662),
        (15 / 148, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1 / 29, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_is_that_of_the_published_examples(
    con: duckdb.DuckDBPyConnection, share: float, n: int, low: float, high: float
) -> None:
    assert value(con, f"wilson_low({share}, {n})") == pytest.approx(low, abs=1e-4)
    assert value(con, f"wilson_high({share}, {n})") == pytest.approx(high, abs=1e-4)


@pytest.mark.parametrize(("share", "n"), [(0, 1), (1, 1), (0.1, 3), (1 / 3, 3), (1, 7), (0.9999999, 10**9)])
def test_wilson_holds_its_share_and_stays_a_share(con: duckdb.DuckDBPyConnection, share: float, n: int) -> None:
    low, high = value(con, f"wilson_low({share}::DOUBLE, {n})"), value(con, f"wilson_high({share}::DOUBLE, {n})")
    assert low is not None and high is not None
    assert 0 <= low <= share <= high <= 1


def test_nothing_drawn_has_no_interval(con: duckdb.DuckDBPyConnection) -> None:
    assert value(con, "wilson_low(NULL::DOUBLE, 0)") is None
    assert value(con, "mean_high(0, NULL::DECIMAL(9, 6), NULL::DECIMAL(18, 12), 0)") is None


def test_a_mean_stays_on_its_scale(con: duckdb.DuckDBPyConnection) -> None:
    assert value(con, "mean_low(2, 0, 2, 2)") == -1  # scores 1 and -1
    assert value(con, "mean_high(2, 0, 2, 2)") == 1


def test_fewer_draws_make_a_wider_interval(con: duckdb.DuckDBPyConnection) -> None:
    widths = [value(con, f"mean_margin(6, 3.0, 1.6, {draws})") for draws in (2, 3, 6)]
    assert widths == sorted(widths, key=lambda w: -(w or 0))
    assert len(set(widths)) == 3


@pytest.mark.parametrize(
    ("words", "expected"), [("Mara Voss", True), ("mara voss", True), ("VOSS", True), ("Vos", False), ("Öst", True)]
)
def test_names_match_in_any_case(con: duckdb.DuckDBPyConnection, words: str, expected: bool) -> None:
    assert con.execute("SELECT is_called('Mara Voss', ['Voss', 'öst'], ?)", [words]).fetchall() == [(expected,)]

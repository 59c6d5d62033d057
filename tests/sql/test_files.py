"""How the SQL house is kept: one statement a file, its meaning first."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from pipeline.schemas import WAREHOUSE
from pipeline.warehouse import FORMULAS, QUESTIONS, SQL

FILES = sorted(SQL.glob("*/*.sql"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_a_file_is_one_statement_under_its_meaning(file: Path) -> None:
    sql = file.read_text()
    assert sql.startswith("-- ") and sql.endswith(";\n")
    assert len(duckdb.extract_statements(sql)) == 1
    assert max(len(line) for line in sql.splitlines()) <= 120


def test_every_table_has_one_file_and_every_file_a_table() -> None:
    tables = [file.stem for file in FILES if file.parent.name in ("details", "marts")]
    assert sorted(tables) == sorted(set(WAREHOUSE) - {"checks"})


def test_every_macro_is_listed() -> None:
    assert sorted(file.stem for file in FILES if file.parent.name == "macros") == sorted(FORMULAS + QUESTIONS)


@pytest.mark.parametrize("file", sorted((SQL / "marts").glob("*.sql")), ids=lambda file: file.stem)
def test_a_mart_says_its_grain_and_its_interval(file: Path) -> None:
    header = file.read_text().split("\nWITH")[0].split("\nSELECT")[0]
    assert "Grain:" in header
    assert "nterval" in header

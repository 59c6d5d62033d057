"""The analyst's cookbook: every example runs and answers, on a file that is open for reading only."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from pipeline.warehouse import SQL

EXAMPLES = sorted((SQL / "examples").glob("*.sql"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda file: file.stem)
def test_an_example_answers(example: Path, warehouse: Path) -> None:
    with duckdb.connect(warehouse, read_only=True) as con:
        assert con.execute(example.read_text()).fetchall()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda file: file.stem)
def test_an_example_is_a_question_and_one_statement(example: Path) -> None:
    sql = example.read_text()
    assert "?" in sql.splitlines()[0] and sql.startswith("-- ")
    assert len(duckdb.extract_statements(sql)) == 1


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("SELECT DISTINCT text FROM who_said('voss')", [("“The harbour tunnel must be built,”",)]),
        ("SELECT DISTINCT stance FROM stance_of('MARA VOSS', 'Tunnel')", [("favour",)]),
        ("SELECT DISTINCT stance FROM stance_of('lind', 'the harbour tunnel')", [("against",)]),
        ("SELECT DISTINCT stance FROM stance_of('lind', 'voss')", [("against",)]),
        ("SELECT DISTINCT name FROM sentiment_toward('VOSS')", [("Mara Voss",)]),
        ("SELECT count(*) FROM who_said('nobody')", [(0,)]),
    ],
)
def test_a_macro_answers_by_any_name(question: str, answer: list[tuple[object]], warehouse: Path) -> None:
    with duckdb.connect(warehouse, read_only=True) as con:
        assert con.execute(question).fetchall() == answer


def test_evidence_shows_the_words_in_their_place(warehouse: Path) -> None:
    with duckdb.connect(warehouse, read_only=True) as con:
        [(before, evidence, after)] = con.execute(
            "SELECT before, evidence, after "
            "FROM evidence((SELECT min(stance_id) FROM stances WHERE target_id = 'tunnel'))"
        ).fetchall()
    assert before == "Mayor Mara Voss 🌉 opened the pier on Monday.\n"
    assert evidence == "“The harbour tunnel must be built,”"
    assert after.startswith(" Voss said.")

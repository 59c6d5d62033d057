"""Every check passes on a good lake and fails on the flaw that it is for."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from pipeline import warehouse as room
from pipeline.lake import Lake
from pipeline.schemas import LAKE, WAREHOUSE
from pipeline.warehouse import FORMULAS, SQL, PublishError, build_warehouse
from tests.desk import BODY, CONFIG, CORRECTIONS, POSITIVE, Desk, report, write_week

CHECKS = sorted(file.stem for file in (SQL / "checks").glob("*.sql"))
# A flaw is one statement on the tables of a good warehouse, or of its lake.
FLAWS = [
    ("blind_reader", "DELETE FROM mentions WHERE day = '2026-03-02'"),
    ("coverage_gap", "UPDATE outlet_coverage_daily SET is_gap = true"),
    ("dead_outlet", "DELETE FROM outlet_coverage_daily WHERE day > '2026-02-23'"),
    ("dead_outlet", "INSERT INTO outlets VALUES ('cedar.example', 'Cedar', true)"),
    *(("duplicate_keys", f"INSERT INTO {table} FROM {table}")
      for table in WAREHOUSE if table not in ("checks", "runs", "eval_scores")),
    ("empty_warehouse", "DELETE FROM days"),
    ("empty_warehouse", "UPDATE outlets SET is_configured = false"),
    ("evidence_offsets", "UPDATE lake.stances SET evidence = 'something else'"),
    ("evidence_offsets", "UPDATE lake.stances SET evidence_start = evidence_start + 1"),
    ("failed_source", "UPDATE fetches SET status = 'failed'"),
    ("freshness", "UPDATE articles SET published_on = '2020-01-01'"),
    ("freshness", "DELETE FROM articles WHERE day = '2026-03-02'"),
    *(("intervals", f"UPDATE {table} SET {name} = {name[:-4]} + 0.1")
      for table, contract in WAREHOUSE.items() for name in contract.columns() if name.endswith("_low")),
    ("issue_not_watched", "DELETE FROM issues"),
    ("labels", "UPDATE stances SET stance = 'neutral'"),
    ("labels", "UPDATE sentiments SET sentiment = 'neutral'"),
    ("language_drift", "UPDATE articles SET language = 'fr' WHERE day > '2026-02-23'"),
    ("lost_records", "INSERT INTO lake.raw BY NAME SELECT max(day) AS day, 'lost' AS raw_id FROM days"),
    ("lost_records", "INSERT INTO quarantine BY NAME SELECT day, raw_id FROM articles LIMIT 1"),
    ("lost_records", "DELETE FROM articles"),
    ("mention_offsets", "UPDATE lake.mentions SET start = start + 1"),
    ("mention_offsets", "UPDATE lake.mentions SET text = lower(text)"),
    ("mention_offsets", 'UPDATE lake.mentions SET "end" = 10000'),
    *(("non_finite_values", f"UPDATE {table} SET {name} = '{odd}'")
      for table, contract in WAREHOUSE.items() for name, column in contract.columns().items()
      for odd in ("nan", "-inf") if column.dtype.is_float() and table not in ("runs", "eval_scores")),
    *(("orphans", f"UPDATE lake.{table} SET article_id = 'none'")
      for table in ("mentions", "statements", "entities", "stances", "sentiments", "tones")),
    ("orphans", "UPDATE lake.roles SET article_id = 'none'"),
    ("orphans", "UPDATE roles SET entity_id = 'per-nobody'"),
    ("orphans", "DELETE FROM statements WHERE statement_id LIKE '%-001'"),
    ("orphans", "UPDATE stances SET statement_id = 'none'"),
    ("orphans", "UPDATE stances SET holder_id = 'per-nobody'"),
    ("orphans", "UPDATE stances SET target_kind = 'entity', target_id = 'per-nobody'"),
    ("orphans", "UPDATE sentiments SET entity_id = 'per-nobody'"),
    ("probabilities", "UPDATE mentions SET negative = 0.9"),
    ("probabilities", "UPDATE sentiments SET positive = 0.9"),
    ("probabilities", "UPDATE stances SET against = -0.2, neutral = 0.6, favour = 0.6"),
    ("role_offsets", "UPDATE lake.roles SET role = 'mayor'"),
    ("same_name_two_ids", "INSERT INTO entities BY NAME SELECT * REPLACE (entity_id || '-2' AS entity_id, NULL AS "
     "wikidata_id) FROM entities LIMIT 1"),
    ("sentiment_offsets", "UPDATE sentiments SET first_start = first_start + 1"),
    ("sentiment_offsets", "UPDATE mentions SET statement_id = 'any'"),
    ("sentiment_drift", "UPDATE sentiments SET reader = 'r2', negative = 1, positive = 0 WHERE day > '2026-02-26'"),
    ("stale_stage", "INSERT INTO runs BY NAME SELECT DATE '2026-03-02' AS day, unnest(['normalise', 'read']) AS stage, "
     "0 AS shard, unnest([TIMESTAMP '2026-03-03 11:00', TIMESTAMP '2026-03-03 10:00']) AS started_at"),
    ("statement_offsets", "UPDATE lake.statements SET speaker = lower(speaker)"),
    ("statement_offsets", "UPDATE lake.statements SET speaker_start = NULL"),
    ("statement_offsets", "UPDATE lake.statements SET cue = 'said'"),
    ("statement_offsets", "UPDATE lake.statements SET text = text || '.'"),
    ("unfinished_day", "UPDATE days SET is_finished = false"),
    *(("volume", f"INSERT INTO outlet_coverage_daily BY NAME SELECT c.* REPLACE (c.day - n::INT AS day, "
       f"if(n = 0, {last}, {usual}) AS articles) FROM outlet_coverage_daily AS c, range(0, 21) AS t(n) "
       "WHERE c.day = '2026-03-02'") for usual, last in ((40, 4), (4, 40))),
]  # fmt: skip


def copy_lake(con: duckdb.DuckDBPyConnection) -> None:
    """The lake's tables in memory in place of the views on its files, so that a flaw can be written into them."""
    views = {
        name for (name,) in con.execute("SELECT view_name FROM duckdb_views() WHERE database_name = 'lake'").fetchall()
    }
    for table in views & set(LAKE):
        con.execute(f"CREATE TABLE lake.main.kept AS FROM lake.{table}")
        con.execute(f"DROP VIEW lake.{table}")
        con.execute(f'ALTER TABLE lake.main.kept RENAME TO "{table}"')


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    """A good warehouse and its lake, in memory."""
    folder = tmp_path_factory.mktemp("checks")
    lake = write_week(Lake(folder / "lake"))
    build_warehouse(lake, folder / "w.duckdb", CONFIG, threads=1, corrections=CORRECTIONS)
    con = duckdb.connect(config={"threads": 1})
    con.execute("SET TimeZone = 'UTC'")
    build = room._Build(con, lake, CONFIG, corrections=CORRECTIONS)
    build.show_lake(build.known)
    copy_lake(con)
    room._create_macros(con, FORMULAS, "MACRO")
    con.execute(f"ATTACH '{folder / 'w.duckdb'}' AS published (READ_ONLY)")
    for table in WAREHOUSE:
        con.execute(f"CREATE TABLE {table} AS FROM published.{table}")
    return con


@pytest.fixture
def con(built: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    built.execute("BEGIN")
    yield built
    built.execute("ROLLBACK")


def offending(con: duckdb.DuckDBPyConnection, check: str) -> int:
    return len(con.execute((SQL / "checks" / f"{check}.sql").read_text()).fetchall())


@pytest.mark.parametrize(("check", "flaw"), FLAWS)
def test_a_flaw_fails_its_check(check: str, flaw: str, con: duckdb.DuckDBPyConnection) -> None:
    before = offending(con, check)
    con.execute(flaw)
    assert offending(con, check) > before


@pytest.mark.parametrize("check", CHECKS)
def test_a_good_lake_passes_but_for_its_gap(check: str, con: duckdb.DuckDBPyConnection) -> None:
    assert offending(con, check) == (1 if check in ("coverage_gap", "failed_source") else 0)


def test_every_check_has_a_flaw() -> None:
    assert sorted({check for check, _ in FLAWS}) == CHECKS


@pytest.mark.parametrize("check", CHECKS)
def test_a_check_says_its_severity_then_its_meaning(check: str) -> None:
    first, second, *_ = (SQL / "checks" / f"{check}.sql").read_text().splitlines()
    assert first in ("-- severity: blocking", "-- severity: warning")
    assert second.startswith("-- ")


def is_blocking(check: str) -> bool:
    return (SQL / "checks" / f"{check}.sql").read_text().startswith("-- severity: blocking")


@pytest.mark.parametrize(
    ("check", "flaw"),
    # A reader is blind on a day beside others: tests/faults/test_damage.py has it stopped.
    {c: (c, flaw) for c, flaw in reversed(FLAWS) if is_blocking(c) and c != "blind_reader"}.values(),
)
def test_a_blocking_check_stops_the_publish_with_its_rows_in_the_log_and_the_old_file_live(
    check: str, flaw: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    desk = Desk(Lake(tmp_path / "lake"))
    desk.fetch()
    report(desk, desk.article(BODY), POSITIVE)
    lake, path = desk.file(), tmp_path / "w.duckdb"
    build_warehouse(lake, path, CONFIG, threads=1)
    yesterdays = path.read_bytes()
    check_all = room._Build.check

    def check_the_flaw(build: room._Build) -> None:
        build.show_lake(build.known)
        copy_lake(build.con)
        build.con.execute(flaw)
        monkeypatch.setattr(build, "show_lake", lambda days: None)
        check_all(build)

    monkeypatch.setattr(room._Build, "check", check_the_flaw)
    with caplog.at_level(logging.ERROR), pytest.raises(PublishError, match=f"check {check} failed on [1-9]"):
        build_warehouse(lake, path, CONFIG, threads=1, is_rebuild=True)
    assert [message for message in caplog.messages if message.startswith(f"check {check}: ")]
    assert path.read_bytes() == yesterdays
    assert sorted(file.name for file in tmp_path.iterdir()) == [".w.duckdb.lock", "lake", "w.duckdb"]


def test_a_warning_lets_the_publish_through_and_is_a_row(warehouse: Path) -> None:
    with duckdb.connect(warehouse, read_only=True) as con:
        rows = con.execute(
            "SELECT name, offending_rows, example FROM checks WHERE NOT is_passed ORDER BY name"
        ).fetchall()
    assert [(name, n) for name, n, _ in rows] == [("coverage_gap", 1), ("failed_source", 1)]
    assert all(example for *_, example in rows)


def test_a_score_that_is_no_number_stops_the_publish_at_its_check(tmp_path: Path) -> None:
    desk = Desk(Lake(tmp_path / "lake"))
    desk.fetch()
    report(desk, desk.article(BODY), (float("nan"), 0.5, 0.5))
    with pytest.raises(PublishError, match="check non_finite_values failed"):
        build_warehouse(desk.file(), tmp_path / "w.duckdb", CONFIG, threads=1)


def test_an_interval_without_its_point_stops_the_publish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(SQL, tmp_path / "sql")
    low = tmp_path / "sql" / "macros" / "mean_low.sql"
    low.write_text(low.read_text().replace("WHEN draws = 1 THEN -1", "WHEN draws = 1 THEN 1"))
    monkeypatch.setattr(room, "SQL", tmp_path / "sql")
    desk = Desk(Lake(tmp_path / "lake"))
    desk.fetch()
    report(desk, desk.article(BODY), POSITIVE)
    with pytest.raises(PublishError, match="check intervals failed"):
        build_warehouse(desk.file(), tmp_path / "w.duckdb", CONFIG, threads=1)

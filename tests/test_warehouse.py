"""Publishing: what the file holds, what keeps it from being swapped in, and what a crash leaves behind."""

from __future__ import annotations

import csv
import fcntl
import random
import shutil
import signal
import subprocess
import sys
import threading
import unicodedata
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import fsspec
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import warehouse as room
from pipeline.lake import Lake
from pipeline.schemas import LAKE, WAREHOUSE, Mentions, Merges, Runs
from pipeline.settings import Config, KnownEntity, Merge, Outlet
from pipeline.warehouse import PublishError, build_warehouse, export_tables
from tests.desk import ALDER, BIRCH, BODY, CONFIG, DAY, NEGATIVE, NEUTRAL, POSITIVE, UNSURE, Desk, report, write_week

TONES = [NEGATIVE, NEUTRAL, POSITIVE, UNSURE]


def query(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(path, read_only=True) as con:
        return con.execute(sql).fetchall()


def publish(lake: Lake, path: Path, **given: Any) -> dict[str, int]:
    return build_warehouse(lake, path, CONFIG, threads=1, **given)


def desk(folder: Path) -> Desk:
    """A lake with one fetched day and one article that the reader understood."""
    desk = Desk(Lake(folder / "lake"))
    desk.fetch()
    report(desk, desk.article(BODY), POSITIVE)
    return desk


def rows(path: Path, table: str) -> list[tuple[Any, ...]]:
    return query(path, f"FROM {table}")


# --- what is in it ---------------------------------------------------------------------------------------------------


def test_every_table_of_the_contracts_is_there_and_no_other(warehouse: Path) -> None:
    assert {
        name for (name,) in query(warehouse, "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main'")
    } == (set(WAREHOUSE))


def test_every_table_and_column_has_its_contract_as_comment(warehouse: Path) -> None:
    tables = dict(query(warehouse, "SELECT table_name, comment FROM duckdb_tables() WHERE schema_name = 'main'"))
    columns = {
        (t, c): doc for t, c, doc in query(warehouse, "SELECT table_name, column_name, comment FROM duckdb_columns()")
    }
    for table, contract in WAREHOUSE.items():
        assert tables[table] == f"{(contract.__doc__ or '').strip()} Key: {', '.join(contract.primary_key())}."
        for name, column in contract.columns().items():
            assert columns[table, name] == (column.metadata or {})["doc"]


def test_a_column_is_nullable_only_where_its_contract_says_so(warehouse: Path) -> None:
    for table, contract in WAREHOUSE.items():
        nullable = {name for name, _, null, *_ in query(warehouse, f"DESCRIBE {table}") if null == "YES"}
        assert nullable == {name for name, column in contract.columns().items() if column.nullable}, table


def test_the_tables_hold_the_contracts_rules(warehouse: Path) -> None:
    with duckdb.connect(warehouse, read_only=True) as con:
        for table, contract in WAREHOUSE.items():
            contract.validate(con.sql(f"FROM {table}").pl(), cast=True)


def test_the_lake_is_all_there(warehouse: Path) -> None:
    lake = Lake(warehouse.parent / "lake")
    for table in ("fetches", "articles", "quarantine", "mentions", "statements", "stances", "sentiments"):
        in_lake = sum(lake.read(LAKE[table], day).height for day in lake.days(LAKE[table]))
        assert query(warehouse, f"SELECT count(*) FROM {table}") == [(in_lake,)]
        assert in_lake > 0


def test_the_same_lake_gives_the_same_rows_whatever_the_threads(warehouse: Path, tmp_path: Path) -> None:
    build_warehouse(Lake(warehouse.parent / "lake"), tmp_path / "again.duckdb", CONFIG, threads=3)
    for table in WAREHOUSE:
        assert rows(tmp_path / "again.duckdb", table) == rows(warehouse, table), table


def test_clients_of_the_1_4_series_can_open_it(warehouse: Path) -> None:
    [(tags,)] = query(warehouse, "SELECT tags FROM duckdb_databases() WHERE database_name = 'warehouse'")
    assert tags["storage_version"].startswith("v1.4.0")


def test_rows_are_counted_in_and_out(tmp_path: Path) -> None:
    lake = desk(tmp_path).file()
    counted = publish(lake, tmp_path / "w.duckdb")
    assert counted["rows_in"] == sum(lake.read(LAKE[t], d).height for t in WAREHOUSE if t in LAKE for d in [DAY])
    assert counted["rows_out"] == sum(len(rows(tmp_path / "w.duckdb", table)) for table in WAREHOUSE)


def test_a_lake_may_be_a_url(tmp_path: Path) -> None:
    fsspec.filesystem("memory").store.clear()
    publish(write_week(Lake("memory://newsroom/lake")), tmp_path / "w.duckdb")
    assert query(tmp_path / "w.duckdb", "SELECT count(*) FROM articles") == [(18 - 1,)]


def test_a_day_without_articles_publishes(tmp_path: Path) -> None:
    quiet = Desk(Lake(tmp_path / "lake"))
    quiet.fetch(status="empty", records=0)
    publish(quiet.file(), tmp_path / "w.duckdb")
    assert query(tmp_path / "w.duckdb", "SELECT outlet, status, is_gap, reason FROM outlet_coverage_daily") == [
        (ALDER, "empty", True, "the source had nothing of this outlet for the day"),
        (BIRCH, "not_asked", True, "no source of this outlet was configured that day"),
    ]


def test_an_unfinished_day_is_left_out_and_said_so(tmp_path: Path) -> None:
    half = desk(tmp_path)
    tomorrow = DAY + timedelta(days=1)
    half.fetch(day=tomorrow)
    report(half, half.article(BODY, "a2", day=tomorrow), POSITIVE)
    lake = half.file()
    shutil.rmtree(tmp_path / "lake" / "table=stances" / f"day={tomorrow}")
    publish(lake, tmp_path / "w.duckdb")
    assert query(tmp_path / "w.duckdb", "SELECT DISTINCT day FROM mentions") == [(DAY,)]
    assert (
        query(tmp_path / "w.duckdb", "SELECT reason FROM outlet_coverage_daily WHERE day > DATE '2026-03-02'")
        == [("the run of the day has not ended: run it again",)] * 2
    )
    assert query(tmp_path / "w.duckdb", "SELECT example FROM checks WHERE name = 'unfinished_day'") == [
        (f"day={tomorrow}",)
    ]


def test_a_day_with_a_shard_missing_is_unfinished(tmp_path: Path) -> None:
    lake = desk(tmp_path).file()
    mentions = lake.read(Mentions, DAY)
    (tmp_path / "lake" / "table=mentions" / f"day={DAY}" / "part-0.parquet").unlink()
    lake.write(Mentions, DAY, mentions, "000-of-002")
    publish(lake, tmp_path / "w.duckdb")
    assert rows(tmp_path / "w.duckdb", "days") == [(DAY, False, None, None)]


def test_scores_of_the_reader_are_published(tmp_path: Path) -> None:
    scores = pl.DataFrame(
        {"reading": "polarity", "dataset": "a set", "split": "test", "metric": "macro F1"}
        | {"value": 0.7, "size": 9, "reader": "r1"}
    )
    publish(desk(tmp_path).file(), tmp_path / "w.duckdb", eval_scores=scores)
    assert rows(tmp_path / "w.duckdb", "eval_scores") == scores.rows()


def test_a_speaker_is_the_entity_of_its_very_span(warehouse: Path) -> None:
    assert query(warehouse, "SELECT DISTINCT speaker, speaker_id, speaker_name FROM statements ORDER BY ALL") == [
        ("Lind", "per-otto-lind", "Otto Lind"),
        ("Voss", "per-mara-voss", "Mara Voss"),
    ]


def test_an_entity_lists_the_names_it_was_called_but_no_pronoun(tmp_path: Path) -> None:
    named = desk(tmp_path)
    article = named.article("“No,” she said.", "a2")
    named.statement(article, "“No,”", "she")
    named.entity(article, 6, 9, "per-mara-voss", "Mara Voss", method="pronoun")
    publish(named.file(), tmp_path / "w.duckdb")
    [(aliases, articles)] = query(
        tmp_path / "w.duckdb", "SELECT aliases, articles FROM entities WHERE entity_id = 'per-mara-voss'"
    )
    assert aliases == ["Mara Voss", "Voss"]
    assert articles == 2


# --- ids that turn out to be one -------------------------------------------------------------------------------------


def merged(**ids: str) -> Config:
    merges = tuple(Merge(old=old, entity=new, on=DAY, reason="a test") for old, new in ids.items())
    return CONFIG.model_copy(update={"merges": merges})


def test_whom_the_operator_names_is_shown_under_the_operators_id(tmp_path: Path) -> None:
    known = KnownEntity(id="our-lind", name="Otto Lind", type="PER", wikidata_id="Q990077")
    config = merged(**{"per-otto-lind": "Q990077"}).model_copy(update={"entities": (known,)})
    build_warehouse(desk(tmp_path).file(), tmp_path / "w.duckdb", config, threads=1)
    assert query(tmp_path / "w.duckdb", "SELECT entity_id, old_ids FROM entities WHERE name = 'Otto Lind'") == [
        ("our-lind", ["Q990077", "per-otto-lind"])
    ]


def test_a_merge_shows_everywhere_and_changes_no_row_of_the_lake(tmp_path: Path) -> None:
    lake = desk(tmp_path).file()
    before = {file: file.read_bytes() for file in (tmp_path / "lake").rglob("*.parquet")}
    config = merged(**{"per-otto-lind": "Q77"})
    build_warehouse(lake, tmp_path / "w.duckdb", config, threads=1)
    for table, column in (
        ("entities", "entity_id"), ("resolutions", "entity_id"), ("mentions", "entity_id"), ("stances", "holder_id"),
        ("statements", "speaker_id"), ("sentiments", "entity_id"), ("speaker_share_daily", "speaker_id"),
    ):  # fmt: skip
        ids = {value for (value,) in query(tmp_path / "w.duckdb", f"SELECT {column} FROM {table}")}
        assert "Q77" in ids and "per-otto-lind" not in ids, table
    assert query(tmp_path / "w.duckdb", "SELECT name, old_ids, wikidata_id FROM entities WHERE entity_id = 'Q77'") == [
        ("Otto Lind", ["per-otto-lind"], "Q77")
    ]
    assert {file: file.read_bytes() for file in before} == before


def test_a_merge_moves_whose_a_role_is_in_a_file_brought_up_to_date(tmp_path: Path) -> None:
    words = Desk(Lake(tmp_path / "lake"))
    told = words.article("Lind spokeswoman Mara Voss came.")
    words.mention(told, "Mara Voss", "per-mara-voss")
    words.role(told, "Lind spokeswoman", "per-mara-voss", "Mara Voss", ("Otto Lind", "per-otto-lind"))
    lake = words.file()
    for config, person in ((CONFIG, "per-otto-lind"), (merged(**{"per-otto-lind": "Q77"}), "Q77")):
        build_warehouse(lake, tmp_path / "w.duckdb", config, threads=1)
        assert query(tmp_path / "w.duckdb", "SELECT person_id FROM roles") == [(person,)]


def test_merges_follow_one_another_and_count_their_spans(tmp_path: Path) -> None:
    config = merged(**{"per-otto-lind": "per-o-lind", "per-o-lind": "Q77"})
    build_warehouse(desk(tmp_path).file(), tmp_path / "w.duckdb", config, threads=1)
    assert query(tmp_path / "w.duckdb", "SELECT old_id, entity_id, current_id, spans, reason FROM merges") == [
        ("per-o-lind", "Q77", "Q77", 0, "a test"),
        ("per-otto-lind", "per-o-lind", "Q77", 2, "a test"),
    ]


def test_the_sentiment_toward_two_who_are_one_is_the_mean_over_their_mentions(tmp_path: Path) -> None:
    build_warehouse(
        desk(tmp_path).file(), tmp_path / "w.duckdb", merged(**{"per-otto-lind": "per-mara-voss"}), threads=1
    )
    [(mentions, positive)] = query(
        tmp_path / "w.duckdb", "SELECT mentions, positive FROM sentiments WHERE entity_id = 'per-mara-voss'"
    )
    # Voss is named twice in the outlet's own voice, Lind twice; one mention of the four is positive.
    assert mentions == 4
    assert positive == pytest.approx((POSITIVE[2] + 3 * 0.1) / 4)


def test_nobody_has_a_stance_toward_whom_they_turned_out_to_be(tmp_path: Path) -> None:
    build_warehouse(
        desk(tmp_path).file(), tmp_path / "w.duckdb", merged(**{"per-otto-lind": "per-mara-voss"}), threads=1
    )
    assert query(tmp_path / "w.duckdb", "SELECT count(*) FROM stances WHERE target_kind = 'entity'") == [(0,)]


def test_the_operator_s_merge_goes_before_an_import_s(tmp_path: Path) -> None:
    lake = desk(tmp_path).file()
    row = {"old_id": ["per-otto-lind"], "entity_id": ["Q78"], "merged_on": [DAY], "reason": ["x"], "source": ["import"]}
    lake.write(Merges, None, Merges.validate(pl.DataFrame(row), cast=True), "dump")
    publish(lake, tmp_path / "w.duckdb")
    assert query(tmp_path / "w.duckdb", "SELECT count(*) FROM entities WHERE entity_id = 'Q78'") == [(1,)]
    build_warehouse(lake, tmp_path / "w.duckdb", merged(**{"per-otto-lind": "Q77"}), threads=1)
    assert query(tmp_path / "w.duckdb", "SELECT current_id, source FROM merges") == [("Q77", "operator")]


def test_merges_that_go_in_a_circle_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PublishError, match="merges go in a circle: a -> b -> a"):
        build_warehouse(desk(tmp_path).file(), tmp_path / "w.duckdb", merged(a="b", b="a"), threads=1)


# --- a publish that brings an older file up to date --------------------------------------------------------------


def everything(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    kept = [f"build.{table}" for table in ("namings", "entity_days", *room.BY_MONTH)]
    return {table: query(path, f"FROM {table} ORDER BY ALL") for table in (*WAREHOUSE, *kept)}


class Press:
    """A desk that goes on working: days in any order, revisions, late articles, merges, renamed people and issues."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.draw, self.desk, self.config = random.Random(seed), Desk(Lake(folder / "lake")), CONFIG
        self.days = [DAY - timedelta(days=n) for n in range(12)]

    def new_day(self) -> set[date]:
        day = self.draw.choice(self.days)
        if not self.desk.rows["fetches"][day]:
            self.desk.fetch(ALDER, day)
            self.desk.fetch(
                BIRCH, day, **({"status": "failed", "problem": "HTTP 503"} if self.draw.random() < 0.2 else {})
            )
        for _ in range(self.draw.randint(1, 3)):
            self.write(day, f"{day}-{len(self.desk.rows['articles'][day])}", day)
        return {day}

    def late_article(self) -> set[date]:
        day = self.draw.choice(self.worked())
        self.write(day, f"late-{day}-{self.draw.random()}", day - timedelta(days=self.draw.randint(1, 9)))
        return {day}

    def revision(self) -> set[date]:
        day = self.draw.choice(self.worked())
        revised = self.draw.choice(
            [a for d in self.worked() for a in self.desk.rows["articles"][d] if d != day] or [None]
        )
        if revised and all(a["article_id"] != revised["article_id"] for a in self.desk.rows["articles"][day]):
            self.write(day, revised["article_id"], revised["published_on"], revised["outlet"])
        return {day}

    def run_again(self) -> set[date]:
        day = self.draw.choice(self.worked())
        for mention in self.desk.rows["mentions"][day]:
            if self.draw.random() < 0.3:
                mention |= dict(zip(("negative", "neutral", "positive"), self.draw.choice(TONES), strict=True))
        return {day}

    def drop_an_article(self) -> set[date]:
        day = max(self.worked(), key=lambda day: len(self.desk.rows["articles"][day]))
        if len(self.desk.rows["articles"][day]) == 1:
            return set()
        gone = self.desk.rows["articles"][day].pop()
        for table in ("mentions", "statements", "entities", "roles", "stances", "raw"):
            key = "raw_id" if table == "raw" else "article_id"
            self.desk.rows[table][day][:] = [row for row in self.desk.rows[table][day] if row[key] != gone[key]]
        return {day}

    def story(self) -> set[date]:
        """Any article may turn out to be a copy of any other."""
        articles = [a for d in self.worked() for a in self.desk.rows["articles"][d]]
        copy, first = self.draw.choice(articles), self.draw.choice(articles)
        for article in articles:
            if article["article_id"] == copy["article_id"]:
                article |= {"story_id": first["article_id"], "is_reprint": copy["article_id"] != first["article_id"]}
        return set()

    def rename(self) -> set[date]:
        """A day calls somebody something else, so often that it may become the name."""
        day = self.draw.choice(self.worked())
        person, name = (
            self.draw.choice(["per-mara-voss", "per-otto-lind"]),
            self.draw.choice(["M. Voss", "O. Lind", "Lind"]),
        )
        for entity in self.desk.rows["entities"][day]:
            entity |= {"name": name} if entity["entity_id"] == person else {}
        return {day}

    def merge(self) -> set[date]:
        ids = self.draw.sample(["per-mara-voss", "per-otto-lind", "org-quay-union", "Q77", "per-nobody"], 2)
        merge = Merge(old=ids[0], entity=ids[1], on=DAY, reason="a test")
        self.config = CONFIG.model_copy(update={"merges": self.draw.choice([(), (merge,), (*CONFIG.merges, merge)])})
        return set()

    def rename_the_issue(self) -> set[date]:
        issue = CONFIG.issues[0].model_copy(update={"name": self.draw.choice(["the tunnel", "the harbour tunnel"])})
        self.config = self.config.model_copy(update={"issues": (issue,)})
        return set()

    def another_outlet(self) -> set[date]:
        outlets = self.draw.choice([CONFIG.outlets, (*CONFIG.outlets, Outlet(domain="cedar.example", name="Cedar"))])
        self.config = self.config.model_copy(update={"outlets": outlets})
        return set()

    def write(self, day: date, article_id: str, on: date, outlet: str | None = None) -> None:
        body = BODY.replace("pier", self.draw.choice(["pier", "quay", "dock"]))
        at = datetime.combine(on, datetime.min.time(), UTC) + timedelta(minutes=self.draw.randint(0, 1439))
        given = {"published_on": on, "published_at": at, "raw_id": f"raw-{article_id}-{day}"}
        article = self.desk.article(body, article_id, outlet or self.draw.choice([ALDER, BIRCH]), day, **given)
        self.desk.rows["raw"][day][-1]["raw_id"] = article["raw_id"]
        if self.draw.random() < 0.9:
            report(self.desk, article, self.draw.choice(TONES))

    def worked(self) -> list[date]:
        return [day for day in self.days if self.desk.rows["articles"][day]]


@pytest.mark.parametrize("seed", range(3))
def test_a_file_brought_up_to_date_is_the_one_made_anew(seed: int, tmp_path: Path) -> None:
    press, path = Press(tmp_path, seed), tmp_path / "w.duckdb"
    deeds = [press.late_article, press.revision, press.run_again, press.story, press.rename, press.merge,
             press.rename_the_issue, press.another_outlet, press.drop_an_article]  # fmt: skip
    press.desk.file(*press.new_day())
    for step in range(8):
        days = set[date]()
        for deed in [press.new_day, *press.draw.sample(deeds, 2)]:
            days |= deed() if press.worked() else set()
        lake = press.desk.file(*(days or {press.worked()[0]}))
        build_warehouse(lake, path, press.config, threads=1)
        if step % 4 == 3:
            build_warehouse(lake, tmp_path / "anew.duckdb", press.config, threads=2, is_rebuild=True)
            anew, brought = everything(tmp_path / "anew.duckdb"), everything(path)
            for table in anew:
                assert brought[table] == anew[table], (step, table)


# --- offsets ---------------------------------------------------------------------------------------------------------


@settings(deadline=None)  # the first query of a process is slow
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), st.integers(0, 20), st.integers(0, 20))
def test_duckdb_cuts_code_points_as_python_does(text: str, start: int, length: int) -> None:
    # The checks and macros lean on it: an astral character is one, a base letter and its accent are two.
    for body in (text, unicodedata.normalize("NFD", text) + "🌉é👩‍👩‍👧"):
        assert duckdb.execute("SELECT substring(?, ? + 1, ?)", [body, start, length]).fetchall() == [
            (body[start : start + length],)
        ]


# --- what keeps it from being published ------------------------------------------------------------------------------


def test_a_failed_blocking_check_keeps_the_old_file_and_names_the_row(tmp_path: Path) -> None:
    good = desk(tmp_path)
    path = tmp_path / "w.duckdb"
    publish(good.file(), path)
    before = path.read_bytes()
    good.rows["mentions"][DAY][0]["text"] = "Mara Vosss"
    with pytest.raises(PublishError, match=r"mention_offsets.*Mara Vosss.*the old warehouse stays"):
        publish(good.file(), path)
    assert path.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == [".w.duckdb.lock", "lake", "w.duckdb"]


def test_a_failed_warning_publishes(tmp_path: Path) -> None:
    flawed = desk(tmp_path)
    flawed.fetch(BIRCH, status="failed", records=0, problem="HTTP 503")
    publish(flawed.file(), tmp_path / "w.duckdb")
    [(passed, offending, example)] = query(
        tmp_path / "w.duckdb", "SELECT is_passed, offending_rows, example FROM checks WHERE name = 'failed_source'"
    )
    assert (passed, offending) == (False, 1)
    assert "problem=HTTP 503" in example


def test_a_mart_that_strays_from_its_contract_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(room.SQL, tmp_path / "sql")
    mart = tmp_path / "sql" / "marts" / "stories.sql"
    mart.write_text(mart.read_text().replace("count(*) AS articles,", "count(*)::DOUBLE AS articles,"))
    monkeypatch.setattr(room, "SQL", tmp_path / "sql")
    with pytest.raises(PublishError, match=r"stories.sql gives articles DOUBLE \(contract: articles BIGINT\)"):
        publish(desk(tmp_path).file(), tmp_path / "w.duckdb")
    assert not (tmp_path / "w.duckdb").exists()


def test_a_null_that_the_contract_forbids_is_refused(tmp_path: Path) -> None:
    flawed = desk(tmp_path)
    flawed.rows["articles"][DAY][0]["title"] = None
    lake = flawed.file()
    with pytest.raises(PublishError, match=r"articles\.title is null"):
        publish(lake, tmp_path / "w.duckdb")


def test_a_part_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    lake = desk(tmp_path).file()
    part = tmp_path / "lake" / "table=mentions" / f"day={DAY}" / "part-0.parquet"
    part.write_bytes(part.read_bytes()[:-10])
    with pytest.raises(PublishError, match=r"table=mentions/day=2026-03-02/part-0\.parquet.*publish again"):
        publish(lake, tmp_path / "w.duckdb")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PublishError, match=r"cannot build .*file/w\.duckdb.*can be written"):
        publish(desk(tmp_path).file(), tmp_path / "file" / "w.duckdb")


# --- the swap --------------------------------------------------------------------------------------------------------


def test_an_open_reader_keeps_the_old_warehouse(tmp_path: Path) -> None:
    path, growing = tmp_path / "w.duckdb", desk(tmp_path)
    publish(growing.file(), path)
    with duckdb.connect(path, read_only=True) as reader:
        report(growing, growing.article(BODY, "a2"), POSITIVE)
        publish(growing.file(), path)
        assert reader.execute("SELECT count(*) FROM articles").fetchall() == [(1,)]
    assert query(path, "SELECT count(*) FROM articles") == [(2,)]


def test_a_log_that_another_writer_left_does_not_spoil_the_new_file(tmp_path: Path) -> None:
    path, growing = tmp_path / "w.duckdb", desk(tmp_path)
    publish(growing.file(), path)
    writer = duckdb.connect(path)
    writer.execute("CREATE TABLE notes AS SELECT 1 AS note")
    log = path.with_name("w.duckdb.wal").read_bytes()
    writer.close()
    path.with_name("w.duckdb.wal").write_bytes(log)
    publish(growing.file(), path)
    assert not path.with_name("w.duckdb.wal").exists()
    assert query(path, "SELECT count(*) FROM articles") == [(1,)]


def test_what_a_dead_publish_left_is_removed(tmp_path: Path) -> None:
    left = tmp_path / ".w.duckdb.12345.new"
    left.write_bytes(b"half a file")
    left.with_name(left.name + ".wal").touch()
    left.with_name(left.name + ".spill").mkdir()
    (tmp_path / ".other.duckdb.1.new").touch()
    publish(desk(tmp_path).file(), tmp_path / "w.duckdb")
    assert sorted(p.name for p in tmp_path.iterdir()) == [".other.duckdb.1.new", ".w.duckdb.lock", "lake", "w.duckdb"]


def test_a_second_publish_waits_for_the_first(tmp_path: Path) -> None:
    lake, path = desk(tmp_path).file(), tmp_path / "w.duckdb"
    with path.with_name(".w.duckdb.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        second = threading.Thread(target=publish, args=(lake, path))
        second.start()
        second.join(0.5)
        assert second.is_alive() and not path.exists()
        fcntl.flock(lock, fcntl.LOCK_UN)
    second.join(60)
    assert query(path, "SELECT count(*) FROM articles") == [(1,)]


def test_a_publish_killed_in_the_middle_leaves_the_old_file(tmp_path: Path) -> None:
    path, growing = tmp_path / "w.duckdb", desk(tmp_path)
    publish(growing.file(), path)
    before = path.read_bytes()
    killed = """
import os, signal, sys
from pathlib import Path
from pipeline import warehouse
from pipeline.lake import Lake
from tests.desk import CONFIG
warehouse._Build.check = lambda build: os.kill(os.getpid(), signal.SIGKILL)
warehouse.build_warehouse(Lake(sys.argv[1]), Path(sys.argv[2]), CONFIG, threads=1)
"""
    done = subprocess.run([sys.executable, "-c", killed, tmp_path / "lake", path], cwd=Path(__file__).parents[1])
    assert done.returncode == -signal.SIGKILL
    assert list(tmp_path.glob(".w.duckdb.*.new"))
    assert path.read_bytes() == before
    publish(growing.file(), path)
    assert not list(tmp_path.glob(".w.duckdb.*.new*"))


# --- marts -----------------------------------------------------------------------------------------------------------


def test_a_wire_copy_counts_once(warehouse: Path) -> None:
    assert query(
        warehouse,
        f"SELECT outlet, articles, articles_unique FROM entity_sentiment_daily "
        f"WHERE day = '{DAY}' AND entity_id = 'per-mara-voss' ORDER BY outlet",
    ) == [(ALDER, 1, 1), (BIRCH, 2, 1)]
    assert query(warehouse, "SELECT articles, articles_unique, outlets FROM stories WHERE articles > 1") == [
        (2, 1, [ALDER, BIRCH])
    ]


def test_a_revision_replaces_what_it_revises(warehouse: Path) -> None:
    yesterday = DAY - timedelta(days=1)
    assert query(
        warehouse, f"SELECT day, is_latest FROM articles WHERE article_id = 'alder-{yesterday}' ORDER BY day"
    ) == [
        (yesterday, False),
        (DAY, True),
    ]
    assert query(
        warehouse,
        f"SELECT articles, articles_positive, articles_neutral FROM entity_sentiment_daily "
        f"WHERE day = '{yesterday}' AND outlet = '{ALDER}' AND entity_id = 'per-mara-voss'",
    ) == [(1, 0, 1)]


def test_a_gap_is_a_row_with_its_reason(warehouse: Path) -> None:
    assert query(warehouse, "SELECT day, outlet, status, reason, articles FROM outlet_coverage_daily WHERE is_gap") == [
        (DAY - timedelta(days=3), BIRCH, "failed", "HTTP 503", 0)
    ]


def test_coverage_has_every_outlet_on_every_day(warehouse: Path) -> None:
    assert query(
        warehouse, "SELECT count(*), count(DISTINCT day), count(DISTINCT outlet) FROM outlet_coverage_daily"
    ) == [(16, 8, 2)]


def test_refused_records_explain_a_gap(tmp_path: Path) -> None:
    refused = Desk(Lake(tmp_path / "lake"))
    refused.fetch(records=3)
    for raw_id, reason in (("1", "too_short"), ("2", "too_short"), ("3", "no_article")):
        refused.refuse(raw_id, reason)
    publish(refused.file(), tmp_path / "w.duckdb")
    assert query(tmp_path / "w.duckdb", f"SELECT reason FROM outlet_coverage_daily WHERE outlet = '{ALDER}'") == [
        ("every record was refused: too_short 2, no_article 1",)
    ]


def test_abstentions_are_counted_and_the_counts_add_up(warehouse: Path) -> None:
    assert query(warehouse, "SELECT sum(articles_abstained) > 0 FROM entity_sentiment_daily") == [(True,)]
    for mart, parts, whole in (
        (
            "entity_sentiment_daily",
            "articles_negative + articles_neutral + articles_positive + articles_abstained",
            "articles",
        ),
        (
            "stance_daily",
            "statements_against + statements_neutral + statements_favour + statements_abstained",
            "statements",
        ),
    ):
        assert query(warehouse, f"SELECT count(*) FROM {mart} WHERE {parts} <> {whole}") == [(0,)]


def test_one_article_leaves_the_whole_scale_open(warehouse: Path) -> None:
    assert set(
        query(
            warehouse,
            "SELECT sentiment_mean_low, sentiment_mean_high FROM entity_sentiment_daily WHERE articles = 1",
        )
    ) == {(-1.0, 1.0)}


def test_copies_do_not_make_an_interval_narrower(tmp_path: Path) -> None:
    copied = desk(tmp_path)
    for number in range(3):
        report(copied, copied.article(BODY, f"copy{number}", story_id="a1", is_reprint=True), POSITIVE)
    publish(copied.file(), tmp_path / "w.duckdb")
    assert query(
        tmp_path / "w.duckdb",
        "SELECT DISTINCT articles, sentiment_mean_low, sentiment_mean_high FROM entity_sentiment_daily",
    ) == [(4, -1.0, 1.0)]


def test_a_mean_and_its_interval_follow_the_formula(tmp_path: Path) -> None:
    two = Desk(Lake(tmp_path / "lake"))
    two.fetch()
    for article_id, polarity in (("a1", (0.1, 0.2, 0.7)), ("a2", (0.2, 0.2, 0.6)), ("a3", (0.3, 0.2, 0.5))):
        two.mention(two.article("Mara Voss spoke.", article_id), "Mara Voss", "per-mara-voss", polarity=polarity)
    publish(two.file(), tmp_path / "w.duckdb")
    [found] = query(
        tmp_path / "w.duckdb",
        "SELECT sentiment_mean, sentiment_mean_low, sentiment_mean_high FROM entity_sentiment_daily",
    )
    # Scores 0.6, 0.4, 0.2: mean 0.4, sd 0.2, t(2) = 4.3027: 0.4 ± 4.3027 · 0.2 / √3.
    assert found == pytest.approx((0.4, -0.09684, 0.89684), abs=1e-4)


def test_a_holder_without_a_name_is_told_apart_by_its_words(tmp_path: Path) -> None:
    unnamed = desk(tmp_path)
    article = unnamed.article("“No,” a docker said. “Yes,” a driver said.", "a2")
    for words, speaker in (("“No,”", "a docker"), ("“Yes,”", "a driver")):
        unnamed.stance(article, unnamed.statement(article, words, speaker), speaker, "the harbour tunnel", words)
    publish(unnamed.file(), tmp_path / "w.duckdb")
    assert query(tmp_path / "w.duckdb", "SELECT holder FROM stance_daily WHERE holder_id IS NULL ORDER BY holder") == [
        ("a docker",),
        ("a driver",),
    ]


def test_speaker_shares_count_unnamed_speakers_below_the_line(tmp_path: Path) -> None:
    mixed = desk(tmp_path)
    article = mixed.article("“No,” a docker said.", "a2")
    mixed.statement(article, "“No,”", "a docker")
    publish(mixed.file(), tmp_path / "w.duckdb")
    assert query(
        tmp_path / "w.duckdb",
        "SELECT statements, outlet_statements, outlet_statements_unnamed FROM speaker_share_daily "
        "WHERE speaker = 'Mara Voss'",
    ) == [(1, 3, 1)]


def test_trending_compares_with_the_seven_days_before(tmp_path: Path) -> None:
    rising = Desk(Lake(tmp_path / "lake"))
    for back in (0, 1, 7, 8):
        day = DAY - timedelta(days=back)
        rising.fetch(day=day)
        rising.mention(rising.article("Otto Lind spoke.", f"old{back}", day=day), "Otto Lind", "per-otto-lind")
    rising.mention(rising.article("Mara Voss spoke.", "new"), "Mara Voss", "per-mara-voss")
    publish(rising.file(), tmp_path / "w.duckdb")
    found = query(
        tmp_path / "w.duckdb",
        "SELECT name, rank, before_articles_unique, before_day_articles_unique, change_unique FROM trending_daily "
        f"WHERE day = '{DAY}' ORDER BY rank",
    )
    assert found == [("Mara Voss", 1, 0, 2, 0.5), ("Otto Lind", 2, 2, 2, -0.5)]


def test_aggregates_follow_the_day_of_publication(tmp_path: Path) -> None:
    late = Desk(Lake(tmp_path / "lake"))
    late.fetch()
    report(late, late.article(BODY, published_on=date(2026, 2, 20)), POSITIVE)
    publish(late.file(), tmp_path / "w.duckdb")
    for mart in ("entity_sentiment_daily", "stance_daily", "speaker_share_daily", "trending_daily", "stories"):
        assert query(tmp_path / "w.duckdb", f"SELECT DISTINCT day FROM {mart}") == [(date(2026, 2, 20),)]


def test_company_is_a_pair_in_two_articles(tmp_path: Path) -> None:
    together = desk(tmp_path)
    report(together, together.article(BODY, "a2"), POSITIVE)
    together.mention(together.article("Mara Voss spoke.", "a3"), "Mara Voss", "per-mara-voss")
    publish(together.file(), tmp_path / "w.duckdb")
    assert query(
        tmp_path / "w.duckdb",
        "SELECT name_a, name_b, articles, articles_either FROM co_mention_daily ORDER BY ALL",
    ) == [("Mara Voss", "Otto Lind", 2, 3), ("Quay Union", "Mara Voss", 2, 3), ("Quay Union", "Otto Lind", 2, 2)]


# --- what was known when -------------------------------------------------------------------------------------------


def ran(lake: Lake, day: date, at: datetime) -> None:
    run = {"day": day, "stage": "read", "shard": 0, "started_at": at, "seconds": 1.0, "rows_in": 1, "rows_out": 1}
    given = pl.DataFrame([run | {"code": "1"}]).with_columns(
        pl.lit(None).alias(name) for name, column in Runs.columns().items() if column.nullable
    )
    lake.write(Runs, day, Runs.validate(given, cast=True), "read-000")


def test_a_day_says_when_it_was_first_and_last_published_whatever_file_it_is_in(tmp_path: Path) -> None:
    growing, tomorrow = desk(tmp_path), DAY + timedelta(days=1)
    monday, tuesday, wednesday = (datetime(2026, 3, n, 2, tzinfo=UTC) for n in (9, 10, 11))
    ran(growing.file(), DAY, monday)
    publish(growing.lake, tmp_path / "w.duckdb", now=monday)
    growing.fetch(day=tomorrow)
    report(growing, growing.article(BODY, "a2", day=tomorrow), POSITIVE)
    ran(growing.file(tomorrow), tomorrow, tuesday)
    publish(growing.lake, tmp_path / "w.duckdb", now=tuesday)
    growing.file(tomorrow)  # the same rows once more: the day has not been run again
    ran(growing.lake, DAY, wednesday)
    publish(growing.lake, tmp_path / "w.duckdb", now=wednesday)
    known = [(DAY, True, monday, wednesday), (tomorrow, True, tuesday, None)]
    assert rows(tmp_path / "w.duckdb", "days") == known
    publish(growing.lake, tmp_path / "anew.duckdb", is_rebuild=True, now=wednesday + timedelta(days=9))
    assert rows(tmp_path / "anew.duckdb", "days") == known


# --- search ----------------------------------------------------------------------------------------------------------


def test_a_search_puts_the_rarer_word_first_and_knows_no_case_or_accent(tmp_path: Path) -> None:
    searched = Desk(Lake(tmp_path / "lake"))
    searched.fetch()
    for number, body in enumerate(["The harbour.", "The harbour and the quay.", "The harbour café.", "Nothing of it."]):
        searched.article(body, f"a{number}")
    publish(searched.file(), tmp_path / "w.duckdb")
    found = query(tmp_path / "w.duckdb", "SELECT article_id, words_found FROM search_articles('HARBOUR, cafe')")
    assert found == [("a2", 2), ("a0", 1), ("a1", 1)]  # of those with one word the shorter first


def test_a_search_leaves_out_what_was_revised(tmp_path: Path) -> None:
    revised, tomorrow = desk(tmp_path), DAY + timedelta(days=1)
    revised.fetch(day=tomorrow)
    report(revised, revised.article(BODY.replace("pier", "quay"), day=tomorrow, published_on=DAY), POSITIVE)
    publish(revised.file(), tmp_path / "w.duckdb")
    assert query(tmp_path / "w.duckdb", "FROM search_articles('pier')") == []
    assert len(query(tmp_path / "w.duckdb", "SELECT title FROM search_articles('opened')")) == 1


def test_statements_are_searched_with_their_speakers(warehouse: Path) -> None:
    assert query(warehouse, "SELECT DISTINCT speaker, text FROM search_statements('mistake')") == [
        ("Otto Lind", "“The tunnel is a mistake, and Mara Voss knows it,”")
    ]


@pytest.mark.parametrize(
    ("probabilities", "commitment"),
    [
        ((0.4, 0.3, 0.1, 0.1, 0.1), "asserted"),
        ((0.3, 0.4, 0.1, 0.1, 0.1), "hedged"),
        ((0.1, 0.3, 0.4, 0.1, 0.1), "denied"),
        ((0.1, 0.3, 0.1, 0.4, 0.1), "withheld"),
        ((0.1, 0.1, 0.1, 0.3, 0.4), "asked"),
        ((0.4, 0.1, 0.0, 0.1, 0.4), "asserted"),
    ],
)
def test_a_statements_commitment_is_the_likeliest_of_five(
    probabilities: tuple[float, ...], commitment: str, tmp_path: Path
) -> None:
    told = Desk(Lake(tmp_path / "lake"))
    told.fetch()
    names = ("asserted", "hedged", "denied", "withheld", "asked")
    told.statement(told.article("A docker said no."), "no", "A docker", **dict(zip(names, probabilities, strict=True)))
    publish(told.file(), tmp_path / "w.duckdb")
    assert query(tmp_path / "w.duckdb", "SELECT commitment FROM statements") == [(commitment,)]


# --- exports ---------------------------------------------------------------------------------------------------------


def test_marts_are_exported_with_all_their_rows(warehouse: Path, tmp_path: Path) -> None:
    for file in export_tables(warehouse, tmp_path, "parquet"):
        exported = duckdb.execute(f"FROM '{file}' ORDER BY ALL").fetchall()
        assert exported == query(warehouse, f"FROM {file.stem} ORDER BY ALL"), file.stem
    assert len(list(tmp_path.iterdir())) == len(list((room.SQL / "marts").iterdir()))


@pytest.mark.parametrize("words", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_csv_holds_no_formula(words: str, tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    with duckdb.connect(path) as con:
        con.execute("CREATE TABLE outlets AS SELECT ? AS outlet, '-' AS name, true AS is_configured", [words])
    [file] = export_tables(path, tmp_path / "out", "csv", ["outlets"])
    with file.open(newline="") as lines:
        [row] = csv.DictReader(lines)
    assert row == {"outlet": "'" + words, "name": "'-", "is_configured": "true"}


def test_a_table_that_is_not_there_is_named(warehouse: Path, tmp_path: Path) -> None:
    with pytest.raises(PublishError, match="there is no table storys; there are days"):
        export_tables(warehouse, tmp_path, "csv", ["storys"])

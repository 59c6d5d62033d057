"""One day from its archive to the warehouse, again and anew."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipeline import runs
from pipeline.gazetteer import load_names
from pipeline.lake import Lake
from pipeline.schemas import Runs
from pipeline.settings import Settings
from tests.faults.newsroom import DAYS, SmallReader, set_up
from tests.faults.test_kill import lake, warehouse

DAY = DAYS[0]


@pytest.fixture(autouse=True)
def _small_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "load_reader", lambda folder, threads: SmallReader())


def settings(folder: Path, shard_articles: int = 2) -> Settings:
    return Settings(
        lake=str(folder / "lake"),
        warehouse=folder / "warehouse.duckdb",
        config=folder / "newsroom.toml",
        shard_articles=shard_articles,
    )


def run(settings: Settings, day: date = DAY) -> None:
    runs.run_fetch(day, settings, today=date(2026, 2, 1))
    runs.run_normalise(day, settings)
    shards = runs.plan_shards(day, settings)
    for shard in range(shards):
        runs.run_read(day, settings, shard, shards)
    runs.run_entities(day, settings)
    runs.run_stance(day, settings)
    runs.run_sentiment(day, settings)
    runs.run_publish(day, settings)


def test_a_day_run_twice_has_the_same_bytes_and_the_same_rows(tmp_path: Path) -> None:
    set_up(tmp_path)
    run(settings(tmp_path))
    before = lake(tmp_path), warehouse(tmp_path)
    run(settings(tmp_path))
    assert (lake(tmp_path), warehouse(tmp_path)) == before
    assert all(before[1][table] for table in ("articles", "statements", "stances", "entity_sentiment_daily"))


def test_a_day_of_more_articles_has_larger_shards_rather_than_more_than_airflow_maps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up(tmp_path)
    monkeypatch.setattr(runs, "SHARDS_MAX", 2)
    run(settings(tmp_path, shard_articles=1))
    runs_of_read = Lake(settings(tmp_path).lake).read(Runs, DAY).filter(pl.col("stage") == "read")
    assert sorted(runs_of_read["rows_in"]) == [2, 3]


def test_a_fresh_lake_has_the_same_bytes(tmp_path: Path) -> None:
    for folder in (tmp_path / "one", tmp_path / "other"):
        set_up(folder)
        run(settings(folder))
    assert lake(tmp_path / "one") == lake(tmp_path / "other")


def test_days_run_backwards_give_the_same_lake_and_the_same_tables(tmp_path: Path) -> None:
    forwards, backwards = tmp_path / "forwards", tmp_path / "backwards"
    for folder, days in ((forwards, DAYS), (backwards, DAYS[::-1])):
        set_up(folder)
        for day in days:
            run(settings(folder), day)
    assert lake(backwards) == lake(forwards)
    assert warehouse(backwards) == warehouse(forwards)


def test_a_rebuild_gives_the_stories_and_the_rows_of_the_nights_before_it(tmp_path: Path) -> None:
    set_up(tmp_path)
    for day in DAYS:
        run(settings(tmp_path), day)
    night_by_night = lake(tmp_path), warehouse(tmp_path)
    for file in (tmp_path / "lake" / "table=printings").iterdir():
        file.unlink()  # nothing that was told before can be taken from it
    runs.run_publish(DAYS[-1], settings(tmp_path), is_rebuild=True)
    assert (lake(tmp_path), warehouse(tmp_path)) == night_by_night


def test_a_copy_of_another_days_article_is_a_reprint(tmp_path: Path) -> None:
    set_up(tmp_path)
    for day in DAYS[::-1]:
        run(settings(tmp_path), day)
    with duckdb.connect(str(tmp_path / "warehouse.duckdb"), read_only=True) as con:
        rows = con.execute("from articles select day, is_reprint, story_id order by published_at").fetchall()
    first = rows[0][2]
    assert {(day, is_reprint, story == first) for day, is_reprint, story in rows if day == DAYS[1]} == {
        (DAYS[1], True, True)
    }


def test_the_number_of_shards_changes_no_row_and_leaves_no_old_shard(tmp_path: Path) -> None:
    set_up(tmp_path)
    run(settings(tmp_path, shard_articles=1))
    before = warehouse(tmp_path)
    run(settings(tmp_path, shard_articles=3))
    assert warehouse(tmp_path) == before
    assert len([path for path in lake(tmp_path) if "table=mentions" in path]) == 2


def test_a_day_in_pieces_has_the_same_bytes_as_a_whole_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder, at_once in ((tmp_path / "whole", 1000), (tmp_path / "pieces", 2)):
        monkeypatch.setattr(runs, "ARTICLES_AT_ONCE", at_once)
        set_up(folder)
        run(settings(folder))
    assert lake(tmp_path / "pieces") == lake(tmp_path / "whole")


def test_a_day_in_the_future_is_refused(tmp_path: Path) -> None:
    set_up(tmp_path)
    with pytest.raises(runs.DayError, match="2026-01-05 is in the future"):
        runs.run_fetch(DAY, settings(tmp_path), today=date(2026, 1, 4))


def test_days_run_in_reverse_order_leave_the_same_bytes(tmp_path: Path) -> None:
    for folder, days in ((tmp_path / "forth", DAYS), (tmp_path / "back", tuple(reversed(DAYS)))):
        set_up(folder)
        for day in days:
            run(settings(folder), day)
    assert lake(tmp_path / "forth") == lake(tmp_path / "back")


def test_an_import_is_known_from_the_next_run_on_and_replaces_itself(tmp_path: Path) -> None:
    set_up(tmp_path)
    file = tmp_path / "people.json"
    person = {"id": "Q900", "labels": {"en": {"value": "Xanthe Quill"}}, "claims": {"P31": [
        {"mainsnak": {"datavalue": {"value": {"id": "Q5"}}}}
    ]}}  # fmt: skip
    file.write_text(json.dumps(person))
    for _ in range(2):
        assert runs.run_gazetteer(file, settings(tmp_path), on=DAY) == (1, 0)
    found = load_names((), Lake(settings(tmp_path).lake))(pl.Series(["xanthe quill"]))
    assert found["entity_id"].to_list() == ["Q900"]

"""What may be forgotten, and that the last good day never is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline import runs
from pipeline.lake import Lake
from pipeline.retention import prune
from pipeline.schemas import LAKE, Articles, Raw
from pipeline.settings import Settings
from tests.faults.newsroom import SmallReader, archive, set_up
from tests.faults.test_kill import lake, warehouse

FIRST = date(2026, 1, 5)
WEEK = [FIRST + timedelta(days=n) for n in range(4)]


@pytest.fixture
def newsroom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Settings]:
    """Four days in the lake."""
    set_up(tmp_path)
    monkeypatch.setattr(runs, "load_reader", lambda folder, threads: SmallReader())

    def place(**given: Any) -> Settings:
        where = {"lake": str(tmp_path / "lake"), "warehouse": tmp_path / "warehouse.duckdb"}
        return Settings(config=tmp_path / "newsroom.toml", **where, **given)  # type: ignore[arg-type]

    for day in WEEK:
        (tmp_path / "archive" / f"{day}.jsonl.gz").write_bytes(archive(day))
        run(day, place())
    runs.run_publish(WEEK[-1], place())
    return place


def run(day: date, settings: Settings) -> None:
    runs.run_fetch(day, settings, today=date(2026, 2, 1))
    runs.run_normalise(day, settings)
    runs.run_read(day, settings)
    runs.run_entities(day, settings)
    runs.run_stance(day, settings)
    runs.run_sentiment(day, settings)


def test_without_a_policy_nothing_is_forgotten(newsroom: Callable[..., Settings], tmp_path: Path) -> None:
    before = lake(tmp_path)
    assert list(prune(Lake(newsroom().lake), newsroom())) == []
    assert lake(tmp_path) == before


def test_days_beyond_the_policy_go_and_the_next_publish_is_without_them(
    newsroom: Callable[..., Settings], tmp_path: Path
) -> None:
    runs.run_publish(WEEK[-1], newsroom(keep_days=2))
    kept = Lake(newsroom().lake)
    assert {day for schema in LAKE.values() for day in kept.days(schema)} == set(WEEK[2:])
    runs.run_publish(WEEK[-1], newsroom(keep_days=2))
    assert {row[0] for row in warehouse(tmp_path)["days"]} == set(WEEK[2:])


def test_a_trial_forgets_nothing_and_says_the_same(newsroom: Callable[..., Settings], tmp_path: Path) -> None:
    before, settings = lake(tmp_path), newsroom(keep_days=3, keep_raw_days=1)
    said = list(prune(Lake(settings.lake), settings, is_trial=True))
    assert lake(tmp_path) == before
    assert said == list(prune(Lake(settings.lake), settings))
    assert [line.split(": ")[0] for line in said] == [str(day) for day in WEEK[:3]]
    assert list(prune(Lake(settings.lake), settings)) == []


def test_the_last_finished_day_stays_however_old_it_is(newsroom: Callable[..., Settings]) -> None:
    settings = newsroom(keep_days=1, keep_raw_days=1)
    list(prune(Lake(settings.lake), settings))
    kept = Lake(settings.lake)
    assert kept.days(Articles) == [WEEK[-1]]
    assert kept.read(Raw, WEEK[-1])["content"].bin.size().sum() > 0


def test_a_day_whose_pages_are_gone_is_read_anew_and_loses_nothing(
    newsroom: Callable[..., Settings], tmp_path: Path
) -> None:
    before = warehouse(tmp_path)
    settings = newsroom(keep_raw_days=1)
    list(prune(Lake(settings.lake), settings))
    assert Lake(settings.lake).read(Raw, FIRST)["content"].bin.size().sum() == 0
    (tmp_path / "archive" / f"{FIRST}.jsonl.gz").unlink()
    run(FIRST, settings)
    runs.run_publish(WEEK[-1], settings)
    assert warehouse(tmp_path) == before


def test_a_kill_in_the_middle_leaves_an_unfinished_day_that_the_next_one_forgets(
    newsroom: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = newsroom(keep_days=3)
    dropped: list[object] = []
    drop = Lake.drop_day

    def die(self: Lake, schema: Any, day: date) -> None:
        if len(dropped) == 3:
            raise KeyboardInterrupt
        dropped.append(schema)
        drop(self, schema, day)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Lake, "drop_day", die)
        list(prune(Lake(settings.lake), settings))
    assert FIRST in Lake(settings.lake).days(Raw)
    assert list(prune(Lake(settings.lake), settings)) == [f"{FIRST}: everything"]
    assert {day for schema in LAKE.values() for day in Lake(settings.lake).days(schema)} == set(WEEK[1:])

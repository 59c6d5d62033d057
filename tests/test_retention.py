"""What may be forgotten, and that the last good day never is."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pipeline import runs
from pipeline.cli import app
from pipeline.lake import Lake
from pipeline.retention import prune
from pipeline.schemas import LAKE, Articles, Raw
from pipeline.settings import Settings
from tests.faults.newsroom import SmallReader, archive, set_up
from tests.faults.newsroom import settings as environment
from tests.faults.test_kill import lake, warehouse

FIRST = date(2026, 1, 5)
WEEK = [FIRST + timedelta(days=n) for n in range(4)]


@pytest.fixture(scope="module")
def four_days(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("four")
    set_up(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs, "load_reader", lambda folder, threads: SmallReader())
        for day in WEEK:
            (folder / "archive" / f"{day}.jsonl.gz").write_bytes(archive(day))
            run(day, place(folder))
        runs.run_publish(WEEK[-1], place(folder))
    return folder


@pytest.fixture
def newsroom(four_days: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Settings]:
    """Settings of a newsroom with four days in its lake."""
    shutil.copytree(four_days, tmp_path, dirs_exist_ok=True)
    monkeypatch.setattr(runs, "load_reader", lambda folder, threads: SmallReader())
    return lambda **given: place(tmp_path, **given)


def place(folder: Path, **given: Any) -> Settings:
    where = {"lake": str(folder / "lake"), "warehouse": folder / "warehouse.duckdb"}
    return Settings(config=folder / "newsroom.toml", **where, **given)  # type: ignore[arg-type]


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


def test_the_command_says_what_it_forgets(
    newsroom: Callable[..., Settings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**environment(tmp_path), "STANDPOINT_KEEP_DAYS": "3"}.items():
        monkeypatch.setenv(name, value)
    trial = CliRunner().invoke(app, ["prune", "--dry-run"])
    assert trial.stdout == f"{FIRST}: everything\nwould be forgotten: 1 day\n"
    assert CliRunner().invoke(app, ["prune"]).stdout == f"{FIRST}: everything\nforgotten: 1 day\n"
    assert Lake(newsroom().lake).days(Articles) == WEEK[1:]


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

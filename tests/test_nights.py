"""What the sources of one night know of the nights before."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import polars as pl

from pipeline import runs
from pipeline.lake import Lake
from pipeline.schemas import Fetches, Visits
from pipeline.settings import Settings

DAY = date(2026, 1, 5)


def dead_feed(folder: Path) -> Settings:
    """A newsroom whose one feed can never be read: the guard refuses its address."""
    feed = '{ kind = "feed", url = "http://127.0.0.1:9/feed" }'
    (folder / "newsroom.toml").write_text(
        f'[[outlets]]\ndomain = "harbourtimes.example"\nname = "Harbour Times"\nsources = [{feed}]\n'
    )
    return Settings(lake=str(folder / "lake"), warehouse=folder / "w.duckdb", config=folder / "newsroom.toml")


def test_a_source_that_keeps_failing_rests_and_says_so_until_the_day_is_run_again(tmp_path: Path) -> None:
    newsroom = dead_feed(tmp_path)
    days = [DAY + timedelta(days=n) for n in range(7)]
    said = [runs.run_fetch(day, newsroom, today=day)[0] for day in days]
    statuses = [Lake(newsroom.lake).read(Fetches, day)["status"][0] for day in days]
    assert statuses == ["failed", "failed", "failed", "resting", "failed", "resting", "resting"]
    assert "rests until 2026-01-09, when it is asked again" in said[3]
    assert "last on 2026-01-07 (" in said[3]
    assert "no address of the open web" in said[3]
    assert "rests until 2026-01-12" in said[6]
    runs.run_fetch(days[6], newsroom, today=days[6])
    assert Lake(newsroom.lake).read(Fetches, days[6])["status"].to_list() == ["failed"]


def test_of_an_address_the_latest_version_is_remembered_for_some_days(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    for back, url, etag in ((5, "/old", "a"), (3, "/a", "b"), (1, "/a", "c"), (1, "/b", None), (0, "/today", "d")):
        day = DAY - timedelta(days=back)
        row = {"day": day, "source": "feed-0", "url": url, "etag": etag, "last_modified": None, "content": b"x"}
        before = lake.read(Visits, day, "feed-0")
        lake.write(
            Visits, day, Visits.validate(pl.concat([before, pl.DataFrame([row], schema=before.schema)])), "feed-0"
        )
    known = runs._known(lake, "feed-0", DAY)
    assert {url: visit.version.etag for url, visit in known.items()} == {"/a": "c", "/b": None}
    assert runs._known(lake, "feed-1", DAY) == {}

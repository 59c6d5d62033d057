"""The door of the sources: names, and that nothing escapes from it."""

from __future__ import annotations

import re
from datetime import date

import pytest

from pipeline import sources
from pipeline.settings import Archive, Config, Feed, Outlet
from pipeline.sources import source_names

from .conftest import fetch

DAY = date(2026, 1, 5)
CONFIG = Config(
    outlets=(
        Outlet(
            domain="harbourtimes.example", name="Harbour Times", sources=(Feed(url="http://a/"), Feed(url="http://b/"))
        ),
        Outlet(domain="islandpost.example", name="Island Post", sources=(Feed(url="http://c/"),)),
    ),
    archives=(Archive(url="/a/{day}.jsonl"), Archive(url="/b/{day}.jsonl")),
)


def test_every_source_has_a_name_of_its_own_that_a_file_can_carry() -> None:
    names = source_names(CONFIG)
    assert names == [
        "archive-0",
        "archive-1",
        "feed-harbourtimes.example-0",
        "feed-harbourtimes.example-1",
        "feed-islandpost.example-0",
    ]
    assert all(re.fullmatch("[a-z0-9.-]+", name) for name in names)


def test_what_nobody_foresaw_costs_one_source(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def read_archive(*_: object) -> None:
        raise ZeroDivisionError("by zero,\nof all things")

    monkeypatch.setattr(sources, "read_archive", read_archive)
    raw, fetches = fetch(CONFIG, "archive-0", DAY, today=DAY)
    assert raw.is_empty()
    assert fetches["status"].to_list() == ["failed", "failed"]
    assert fetches["problem"][0].startswith("ZeroDivisionError: by zero, of all things; this is our fault")
    assert "read_archive" in caplog.text


def test_a_name_that_is_no_source_is_the_callers_mistake() -> None:
    with pytest.raises(KeyError):
        fetch(CONFIG, "archive-9", DAY, today=DAY)

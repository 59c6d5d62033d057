"""A night among hostile servers comes to its end, and each of them in the row where it belongs."""

from __future__ import annotations

import re

import pytest

from pipeline.lake import Lake
from pipeline.schemas import Articles, Fetches
from tests.faults.hostile import CASES, DAY, night


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> tuple[Lake, dict[str, str]]:
    folder = tmp_path_factory.mktemp("hostile")
    ended = night(folder)
    return Lake(folder / "lake"), ended


@pytest.mark.parametrize("name", CASES)
def test_what_a_hostile_server_does_ends_in_its_row(name: str, lake: tuple[Lake, dict[str, str]]) -> None:
    assert re.match(rf"{CASES[name].ends}(?!\w)", lake[1][name])


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.saved])
def test_of_an_odd_page_the_right_words_are_kept(name: str, lake: tuple[Lake, dict[str, str]]) -> None:
    articles = {
        row["outlet"]: row for row in lake[0].read(Articles, DAY).iter_rows(named=True) if row["url"].endswith("/bad")
    }
    for column, words in CASES[name].saved.items():
        assert words in str(articles[f"{name}.example"][column])


def test_the_good_page_of_every_outlet_whose_feed_can_be_read_is_an_article(lake: tuple[Lake, dict[str, str]]) -> None:
    good = {row["outlet"] for row in lake[0].read(Articles, DAY).iter_rows(named=True) if row["url"].endswith("/good")}
    fetched = lake[0].read(Fetches, DAY).filter(status="fetched")["outlet"]
    assert set(fetched) <= good | {"feed-nested.example"}
    assert len(good) > 50


def test_nothing_of_this_machine_is_in_any_text(lake: tuple[Lake, dict[str, str]]) -> None:
    assert not any("root:" in body for body in lake[0].read(Articles, DAY)["body"])

"""The shipped gazetteer and its builder."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from pipeline.gazetteer import load_gazetteer
from pipeline.gazetteer.__main__ import build
from pipeline.stages.entities import _known_names, _own_id

COUNTRIES = [
    {
        "cca3": "RUS", "unMember": True, "name": {"common": "Russia", "official": "Russian Federation"},
        "altSpellings": ["RU", "Российская Федерация"], "capital": ["Moscow"],
        "demonyms": {"eng": {"f": "Russian", "m": "Russian"}},
    },
    {
        "cca3": "IMN", "unMember": False, "name": {"common": "Isle of Man", "official": "Isle of Man"},
        "altSpellings": ["IM"], "capital": ["Douglas"], "demonyms": {"eng": {"f": "Manx", "m": "Manx"}},
    },
]  # fmt: skip
LEGISLATORS = """
- id: {wikidata: Q380900}
  name: {first: Charles, middle: E., nickname: Chuck, last: Schumer, official_full: Charles E. Schumer}
  bio: {gender: M}
"""


@pytest.fixture
def built(tmp_path: Path) -> pl.DataFrame:
    (tmp_path / "countries.json").write_text(json.dumps(COUNTRIES), encoding="utf-8")
    (tmp_path / "us-legislators-current.yaml").write_text(LEGISLATORS, encoding="utf-8")
    return build(tmp_path)


def row(frame: pl.DataFrame, entity_id: str) -> dict[str, object]:
    return frame.row(by_predicate=pl.col("entity_id") == entity_id, named=True)


def test_a_country_has_its_names_and_demonyms(built: pl.DataFrame) -> None:
    russia = row(built, "Q159")
    assert russia["aliases"] == ["Russia", "Russian Federation"]
    assert russia["demonyms"] == ["Russian", "Russians"]


def test_a_capital_names_its_country(built: pl.DataFrame) -> None:
    assert row(built, "loc-moscow")["capital_of"] == "Q159"


def test_a_dependency_is_left_out(built: pl.DataFrame) -> None:
    assert "Isle of Man" not in built["name"].to_list()


def test_a_legislator_has_nickname_and_initial(built: pl.DataFrame) -> None:
    schumer = row(built, "Q380900")
    assert schumer["name"] == "Chuck Schumer"
    assert schumer["aliases"] == ["Chuck Schumer", "Charles Schumer", "Charles E. Schumer"]
    assert schumer["gender"] == "m"


def test_the_shipped_file_is_small_and_knows_the_world() -> None:
    shipped = load_gazetteer()
    assert {"Q7747", "Q22686", "Q6294", "Q76", "Q7184", "Q1065", "Q458", "Q30", "Q212"} <= set(shipped["entity_id"])
    assert shipped.height > 1000


def test_an_entity_without_a_wikidata_id_has_the_id_that_its_name_would_get() -> None:
    shipped = load_gazetteer().filter(pl.col("wikidata_id").is_null())
    keys = _known_names((), shipped).filter(pl.col("alias") == pl.col("name"), pl.col("method") == "known")
    assert keys.height > 200
    assert keys.select(same=_own_id(pl.col("type"), pl.col("key")) == pl.col("entity_id"))["same"].all()

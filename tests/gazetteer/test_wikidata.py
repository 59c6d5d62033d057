"""Small files of Wikidata's two formats, about invented people."""

from __future__ import annotations

import bz2
import gzip
import json
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipeline.gazetteer import frame_of
from pipeline.gazetteer.wikidata import GazetteerError, merges_of, read_wikidata

DAY = date(2026, 1, 5)


def link(item: str) -> dict[str, Any]:
    return {"mainsnak": {"datavalue": {"value": {"id": item}}}, "rank": "normal"}


def time(day: str) -> dict[str, Any]:
    return {"mainsnak": {"datavalue": {"value": {"time": f"+{day}T00:00:00Z"}}}, "rank": "normal"}


def item(item_id: str, name: str, *aliases: str, **claims: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "type": "item",
        "id": item_id,
        "labels": {"en": {"language": "en", "value": name}},
        "aliases": {"en": [{"language": "en", "value": alias} for alias in aliases]},
        "claims": claims,
        "sitelinks": {"enwiki": {}, "dewiki": {}},
    }


HELD = link("Q904") | {
    "qualifiers": {
        "P580": [{"datavalue": {"value": {"time": "+2020-00-00T00:00:00Z"}}}],
        "P582": [{"datavalue": {"value": {"time": "+2024-06-30T00:00:00Z"}}}],
    }
}
DUMP = [
    item("Q901", "Norland", "Kingdom of Norland", P31=[link("Q6256")], P571=[time("1814-05-17")],
         P1549=[{"mainsnak": {"datavalue": {"value": {"text": "Norlander", "language": "en"}}}},
                {"mainsnak": {"datavalue": {"value": {"text": "Norländer", "language": "de"}}}}]),
    item("Q902", "Eldmark", P31=[link("Q515")], P17=[link("Q901")], P1376=[link("Q901")]),
    item("Q903", "Odo Vale", "Vale", P31=[link("Q5")], P21=[link("Q6581097")], P27=[link("Q901")],
         P569=[time("1960-02-00")], P39=[HELD, link("Q905") | {"rank": "deprecated"}]),
    item("Q904", "President of Norland", P31=[link("Q4164871")], P1001=[link("Q901")]),
    item("Q905", "Mayor of Eldmark", P31=[link("Q4164871")], P1001=[link("Q902")]),
    item("Q906", "Norland Tide", P31=[link("Q11032")], P17=[link("Q901")]),
    item("Q907", "a theorem", P31=[link("Q65943")]),
    {"type": "item", "id": "Q908", "labels": {}, "aliases": {}, "claims": {"P31": [link("Q5")]}, "sitelinks": {}},
]  # fmt: skip
LINES = "[\n" + ",\n".join(json.dumps(entity) for entity in DUMP) + "\n]\n"


def rows(path: Path) -> dict[str, dict[str, Any]]:
    return {row["entity_id"]: row for row in read_wikidata(path).iter_rows(named=True)}


@pytest.fixture
def dump(tmp_path: Path) -> dict[str, dict[str, Any]]:
    (tmp_path / "dump.json").write_text(LINES, encoding="utf-8")
    return rows(tmp_path / "dump.json")


def test_a_dump_gives_people_places_and_bodies_and_nothing_else(dump: dict[str, dict[str, Any]]) -> None:
    assert {i: row["type"] for i, row in dump.items()} == {"Q901": "LOC", "Q902": "LOC", "Q903": "PER", "Q906": "ORG"}


def test_a_country_of_a_dump_has_aliases_and_english_demonyms(dump: dict[str, dict[str, Any]]) -> None:
    assert dump["Q901"]["aliases"] == ["Norland", "Kingdom of Norland"]
    assert dump["Q901"]["demonyms"] == ["Norlander"]
    assert dump["Q901"]["starts_on"] == date(1814, 5, 17)


def test_a_capital_of_a_dump_stands_for_its_country(dump: dict[str, dict[str, Any]]) -> None:
    assert (dump["Q902"]["stands_for"], dump["Q902"]["country"]) == ("Q901", "Q901")


def test_a_person_of_a_dump_has_gender_country_fame_and_the_offices_that_hold(dump: dict[str, dict[str, Any]]) -> None:
    vale = dump["Q903"]
    assert (vale["gender"], vale["country"], vale["prominence"]) == ("m", "Q901", 2)
    assert vale["starts_on"] == date(1960, 2, 1)
    assert vale["offices"] == [
        {"role": "president", "of": "Q901", "starts_on": date(2020, 1, 1), "ends_on": date(2024, 6, 30)}
    ]


@pytest.mark.parametrize(("name", "opener"), [("d.json.gz", gzip.open), ("d.json.bz2", bz2.open)])
def test_a_dump_may_be_compressed(name: str, opener: Any, tmp_path: Path) -> None:
    with opener(tmp_path / name, "wt", encoding="utf-8") as file:
        file.write(LINES)
    assert set(rows(tmp_path / name)) == {"Q901", "Q902", "Q903", "Q906"}


def binding(**values: str) -> dict[str, dict[str, str]]:
    uri = "http://www.wikidata.org/entity/"
    return {
        name: {"type": "uri", "value": uri + value}
        if name in ("item", "gender", "of")
        else {"type": "literal", "value": value}
        for name, value in values.items()
    }


def result(*bindings: dict[str, dict[str, str]], variables: str = "item itemLabel type alias") -> str:
    return json.dumps({"head": {"vars": variables.split()}, "results": {"bindings": bindings}})


def test_the_rows_of_a_result_are_put_together_by_entity(tmp_path: Path) -> None:
    vale = {"item": "Q903", "itemLabel": "Odo Vale", "type": "PER", "gender": "Q6581097", "sitelinks": "40"}
    office = {"role": "President", "of": "Q901", "roleStarts": "2020-01-01T00:00:00Z"}
    (tmp_path / "query.json").write_text(
        result(binding(**vale, alias="Vale"), binding(**vale, alias="Iron Odo"), binding(**vale, **office))
    )
    row = rows(tmp_path / "query.json")["Q903"]
    assert row["aliases"] == ["Odo Vale", "Vale", "Iron Odo"]
    assert (row["gender"], row["prominence"]) == ("m", 40)
    assert row["offices"] == [{"role": "president", "of": "Q901", "starts_on": date(2020, 1, 1), "ends_on": None}]


def test_an_entity_without_an_english_name_is_left_out(tmp_path: Path) -> None:
    named = binding(item="Q903", itemLabel="Odo Vale", type="PER")
    (tmp_path / "q.json").write_text(result(binding(item="Q908", itemLabel="Q908", type="PER"), named))
    assert set(rows(tmp_path / "q.json")) == {"Q903"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{}\n", r"f.json:1: not an entity of a Wikidata dump"),
        ("[\n{broken\n]", r"f.json:2: not an entity of a Wikidata dump"),
        ("[\n]\n", "holds no entity"),
        ('{"head": {"vars": ["item"]}, "results": {"bindings": []}}', r"must select \?itemLabel, \?type"),
        ('{"head": {"vars": []}}', "not a SPARQL result"),
        ('{"head": ', "cannot read"),
        (result(binding(item="Q903", itemLabel="Odo Vale", type="person")), "result 1: .* not PER, ORG, LOC or MISC"),
    ],
)
def test_a_file_of_another_kind_is_refused_with_its_reason(content: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "f.json").write_text(content)
    with pytest.raises(GazetteerError, match=said):
        read_wikidata(tmp_path / "f.json")


def test_a_file_that_is_not_there_or_breaks_off_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GazetteerError, match="cannot read"):
        read_wikidata(tmp_path / "none.json")
    (tmp_path / "half.json.gz").write_bytes(gzip.compress(LINES.encode())[:-20])
    with pytest.raises(GazetteerError, match="cannot read"):
        read_wikidata(tmp_path / "half.json.gz")


# --- ids that turn out to be one -------------------------------------------------------------------------------------


def known(*names: str, **given: str) -> pl.DataFrame:
    return frame_of(
        {"entity_id": f"per-{n}", "name": n, "type": "PER", "aliases": [n], "country": given.get("country")}
        for n in names
    )


def found(*ids: str) -> pl.DataFrame:
    return frame_of(
        {"entity_id": i, "name": "Odo Vale", "type": "PER", "wikidata_id": i, "aliases": ["Odo Vale"]}
        | {"country": "Q901"}
        for i in ids
    )


def test_a_shipped_id_turns_out_to_be_that_of_the_import() -> None:
    merges = merges_of(found("Q903"), DAY, known("Odo Vale", "Rae Holm"))
    assert merges.select("old_id", "entity_id", "merged_on", "source").rows() == [
        ("per-Odo Vale", "Q903", DAY, "import")
    ]


def test_two_of_one_name_turn_out_to_be_nobody() -> None:
    assert merges_of(found("Q903", "Q913"), DAY, known("Odo Vale")).is_empty()


def test_a_namesake_of_another_country_stays_apart() -> None:
    assert merges_of(found("Q903"), DAY, known("Odo Vale", country="Q9")).is_empty()

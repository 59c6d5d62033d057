"""The shipped gazetteer and its builder."""

from __future__ import annotations

import gzip
import json
from datetime import date
from pathlib import Path

import fsspec
import polars as pl
import pytest

from pipeline.gazetteer import entities_of, frame_of, joined, load_gazetteer, load_names, names_of
from pipeline.gazetteer.__main__ import build
from pipeline.lake import Lake
from pipeline.names import key, own_id
from pipeline.schemas import Names
from pipeline.settings import KnownEntity, Office

COUNTRIES = [
    {
        "cca2": "RU", "cca3": "RUS", "unMember": True, "name": {"common": "Russia", "official": "Russian Federation"},
        "altSpellings": ["RU", "Российская Федерация"], "capital": ["Moscow"],
        "demonyms": {"eng": {"f": "Russian", "m": "Russian"}},
    },
    {
        "cca2": "IM", "cca3": "IMN", "unMember": False, "name": {"common": "Isle of Man", "official": "Isle of Man"},
        "altSpellings": ["IM"], "capital": ["Douglas"], "demonyms": {"eng": {"f": "Manx", "m": "Manx"}},
    },
]  # fmt: skip
LEGISLATORS = """
- id: {wikidata: Q380900}
  name: {first: Charles, middle: E., nickname: Chuck, last: Schumer, official_full: Charles E. Schumer}
  bio: {gender: M}
  terms:
  - {type: sen, start: '1999-01-03', end: '2029-01-03', state: NY, party: Democrat}
"""


LEADERS = {
    "rs.json": {
        "Country name": {"conventional short form": {"text": "Russia"}},
        "Executive branch": {
            "chief of state": {"text": "President Gen. Ole Mart&iacute;n LUND (since 7 May 2031)"},
            "head of government": {"text": "Premier (vacant)"},
        },
    }
}
# Items as the list has them: a person, a club with the name of a place in its own, a work of one word.
VIEWED = """#,Entity,QRank,Label
1,Q36153,99,Beyoncé
1,Q36153,99,Beyoncé Knowles
1,Q36153,99,Knowles
1,Q36153,99,Bey
2,Q180305,98,AS Moscow FC
2,Q180305,98,Moscow
2,Q180305,98,ASM
3,Q1,97,Scream
4,Q178995,96,HTTP cookie
"""


# name, its country and province, people, item
PLACES = [
    ("Lowick", "RUS", "Moscow Oblast", 50_000, "Q990011"),
    ("Arden", "RUS", "Moscow Oblast", 2_000_000, "Q990012"),
    ("Arden", "USA", "New York", 40_000, "Q990013"),
    ("Upton", "USA", "New York", 40_000, "Q990014"),
    ("Upton", "RUS", "Moscow Oblast", 90_000, "Q990015"),
    ("Acme", "USA", "New York", 9_000, "Q990016"),
    ("Seaport", "RUS", "Crimea", 9_000, "Q990017"),
]
STATES = """id,name,country_code,type,parent_id,wikiDataId,population
1,Eastmarch (EH),RU,province,,Q990021,
2,Central,RU,province,,Q990022,
3,Little Ward,RU,municipality,,Q990023,
4,Under,RU,province,7,Q990024,
"""
PARLIAMENT = {
    "persons": [
        {
            "name": "SUND Ola",
            "other_names": [{"name": "Ola Sund", "lang": "en"}, {"name": "Ола Сунд", "lang": "ru"}],
            "gender": "male",
            "identifiers": [{"scheme": "wikidata", "identifier": "Q990031"}],
        },
        {"name": "Ida Berg", "identifiers": [{"scheme": "freebase", "identifier": "/m/1"}]},
        {"name": "Chuck Schumer", "identifiers": [{"scheme": "wikidata", "identifier": "Q990032"}]},
    ]
}
TEAMS = """reep_id,key_wikidata,name,country,key_a,key_b,key_c,key_d,key_e,key_f,key_g,key_h
1,Q990041,Lowick Rovers F.C.,Russia,1,1,1,1,1,1,,
2,Q990042,Acorn,Russia,1,,,,,,,
3,Q990043,FC Upton,United States,1,1,1,1,1,1,1,1
4,Q990044,FC Dragon,Russia,1,1,1,1,1,1,,
5,Q990045,Lowick FC,Russia,1,1,1,1,1,1,1,1
"""


def label(*entities: tuple[str, str, str | None]) -> str:
    return json.dumps({"entities": [{"name": name, "type": kind, "qid": item} for name, kind, item in entities]})


def write_world(folder: Path) -> None:
    names = ("NAME", "NAME_EN", "NAMEALT", "ADM0_A3", "ADM1NAME", "POP_MAX", "wikidataid")
    places = [dict(zip(names, (n, n, None, *rest), strict=True)) for n, *rest in PLACES]
    (folder / "ne_10m_populated_places.json").write_text(json.dumps({"features": [{"properties": p} for p in places]}))
    (folder / "states.csv").write_text(STATES)
    (folder / "teams.csv").write_text(TEAMS)
    root = folder / "everypolitician-data"
    (root / "data").mkdir(parents=True)
    listed = [{"code": "RU", "legislatures": [{"popolo": "data/duma.json"}, {"popolo": "data/absent.json"}]}]
    (root / "countries.json").write_text(json.dumps(listed))
    (root / "data/duma.json").write_text(json.dumps(PARLIAMENT))
    (folder / "labels").mkdir()
    lines = [label(("Mill Trust", "ORG", "Q990051"), ("Weir Trust", "ORG", f"Q{990052 + i}")) for i in range(3)]
    with gzip.open(folder / "labels/articles-1.jsonl.gz", "wt") as file:
        file.write("\n".join([*lines, label(("Seen Once", "ORG", "Q990059"), ("No Id", "ORG", None))]) + "\n")


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pl.DataFrame:
    (tmp_path / "wikidata-10k-most-viewed-aliases.csv").write_text(VIEWED, encoding="utf-8")
    (tmp_path / "typed.tsv").write_text("# item\nQ36153\tPER\tf\tUSA\nQ180305\tORG\t-\tRUS\nQ1\tMISC\t-\t-\n")
    monkeypatch.setattr("pipeline.gazetteer.__main__.MOST_VIEWED", tmp_path / "typed.tsv")
    with gzip.open(tmp_path / "factbook-government.json.gz", "wt") as file:
        json.dump(LEADERS, file)
    (tmp_path / "countries.json").write_text(json.dumps(COUNTRIES), encoding="utf-8")
    (tmp_path / "us-legislators-current.yaml").write_text(LEGISLATORS, encoding="utf-8")
    write_world(tmp_path)
    monkeypatch.setattr("pipeline.gazetteer.__main__.LABELS", tmp_path / "labels")
    return build(tmp_path)


def row(frame: pl.DataFrame, entity_id: str) -> dict[str, object]:
    return frame.row(by_predicate=pl.col("entity_id") == entity_id, named=True)


def test_a_country_has_its_names_and_demonyms(built: pl.DataFrame) -> None:
    russia = row(built, "Q159")
    assert russia["aliases"] == ["Russia", "Russian Federation"]
    assert russia["demonyms"] == ["Russian", "Russians"]


def test_a_capital_stands_for_its_country(built: pl.DataFrame) -> None:
    moscow = row(built, "Q649")
    assert (moscow["name"], moscow["stands_for"], moscow["country"]) == ("Moscow", "Q159", "Q159")


def test_a_dependency_is_left_out(built: pl.DataFrame) -> None:
    assert "Isle of Man" not in built["name"].to_list()


def test_a_legislator_has_nickname_and_initial(built: pl.DataFrame) -> None:
    schumer = row(built, "Q380900")
    assert schumer["name"] == "Chuck Schumer"
    assert schumer["aliases"] == ["Chuck Schumer", "Charles Schumer", "Charles E. Schumer"]
    assert schumer["gender"] == "m"


def test_an_item_that_is_looked_up_most_has_its_type_and_the_names_that_mean_nobody_else(built: pl.DataFrame) -> None:
    singer = row(built, "Q36153")
    assert (singer["name"], singer["type"], singer["gender"], singer["country"]) == ("Beyoncé", "PER", "f", "Q30")
    assert "Bey" not in singer["aliases"]  # type: ignore[operator]
    # The city is known before.
    assert row(built, "Q180305")["aliases"] == ["AS Moscow FC", "ASM"]


def test_an_item_that_is_no_name_or_a_word_of_the_language_is_left_out(built: pl.DataFrame) -> None:
    assert not {"HTTP cookie", "Scream"} & set(built["name"])


def names_that_mean(built: pl.DataFrame, name: str) -> list[tuple[str, bool | None]]:
    return built.filter(pl.col("aliases").list.contains(name)).select("entity_id", "is_local").rows()


def test_a_small_place_is_local_and_a_large_one_is_meant_everywhere(built: pl.DataFrame) -> None:
    assert names_that_mean(built, "Lowick") == [("Q990011", True), ("Q990045", None)]
    assert row(built, "Q990011")["country"] == "Q159"
    assert names_that_mean(built, "Arden") == [("Q990012", None)]  # much larger than the other


def test_places_of_like_size_share_a_name_and_a_disputed_one_has_no_country(built: pl.DataFrame) -> None:
    assert names_that_mean(built, "Upton") == [("Q990014", True), ("Q990015", True)]
    assert (row(built, "Q990017")["country"], row(built, "Q990017")["is_local"]) == (None, None)


def test_a_province_is_one_of_the_first_level_whose_name_is_no_word(built: pl.DataFrame) -> None:
    assert names_that_mean(built, "Eastmarch") == [("Q990021", True)]
    assert not {"Q990022", "Q990023", "Q990024"} & set(built["entity_id"])


def test_a_member_of_parliament_is_named_as_one_reads_it_and_no_namesake_of_who_is_known(built: pl.DataFrame) -> None:
    sund = row(built, "Q990031")
    assert (sund["name"], sund["aliases"], sund["gender"], sund["is_local"]) == ("Ola Sund", ["Ola Sund"], "m", True)
    assert "Q990032" not in built["entity_id"].to_list()
    assert "Ida Berg" not in built["name"].to_list()


def test_a_club_has_its_short_name_where_no_other_game_or_word_does(built: pl.DataFrame) -> None:
    assert row(built, "Q990041")["aliases"] == ["Lowick Rovers F.C.", "Lowick Rovers"]
    assert row(built, "Q990044")["aliases"] == ["FC Dragon"]
    assert not {"Q990042", "Q990043"} & set(built["entity_id"])


def test_an_id_of_the_labels_is_believed_where_three_agree_and_none_differs(built: pl.DataFrame) -> None:
    assert row(built, "Q990051")["name"] == "Mill Trust"
    assert not {"Weir Trust", "Seen Once", "No Id"} & set(built["name"])


def test_a_leader_holds_the_office_from_the_day_that_the_factbook_gives(built: pl.DataFrame) -> None:
    leader = built.row(by_predicate=pl.col("name") == "Ole Martín Lund", named=True)
    assert leader["offices"] == [
        {"role": "president", "of": "Q159", "starts_on": date(2031, 5, 7), "ends_on": None},
    ]


def test_the_shipped_file_is_small_and_knows_the_world() -> None:
    shipped = load_gazetteer()
    assert {"Q7747", "Q22686", "Q6294", "Q76", "Q7184", "Q1065", "Q458", "Q30", "Q212"} <= set(shipped["entity_id"])
    assert shipped.height > 8000


def test_a_legislator_has_offices_and_is_known_from_the_first_campaign_on(built: pl.DataFrame) -> None:
    schumer = row(built, "Q380900")
    assert {"role": "senator", "of": "Q1384", "starts_on": date(1999, 1, 3), "ends_on": date(2029, 1, 3)} in (
        schumer["offices"]  # type: ignore[operator]
    )
    assert schumer["starts_on"] == date(1997, 1, 3)


def test_every_entity_that_another_names_is_there() -> None:
    shipped = load_gazetteer()
    assert set(names_of(shipped, 1)["related"].explode().drop_nulls()) <= set(shipped["entity_id"])


def test_an_entity_without_a_wikidata_id_has_the_id_that_its_name_would_get() -> None:
    shipped = load_gazetteer().filter(pl.col("wikidata_id").is_null())
    assert shipped.height > 200
    assert shipped.select(same=own_id(pl.col("type"), key(pl.col("name"))) == pl.col("entity_id"))["same"].all()


# --- looking up ------------------------------------------------------------------------------------------------------


def look_up(*keys: str, known: tuple[KnownEntity, ...] = (), lake: Lake | None = None) -> list[tuple[str, ...]]:
    found = load_names(known, lake)(pl.Series(keys, dtype=pl.String))
    return found.select("key", "via", "entity_id").rows()


def test_a_capital_is_itself_and_stands_for_its_country() -> None:
    assert look_up("moscow") == [("moscow", "name", "Q649"), ("moscow", "place", "Q159")]


def test_an_office_is_looked_up_by_role_and_country() -> None:
    found = load_names()(pl.Series(["president @ Q159"]))
    assert found.filter(pl.col("entity_id") == "Q7747")["starts_on"].to_list() == [date(2000, 5, 7), date(2012, 5, 7)]


def test_an_operators_entity_has_demonyms_and_offices() -> None:
    known = (
        KnownEntity(id="corvania", name="Corvania", type="LOC", demonyms=("Corvanian",)),
        KnownEntity(id="lund", name="Piet Lund", type="PER", offices=(Office(role="mayor", of="corvania"),)),
    )
    assert look_up("corvanian", "mayor @ corvania", known=known) == [
        ("corvanian", "demonym", "corvania"),
        ("mayor @ corvania", "office", "lund"),
    ]


def test_whom_the_operator_names_and_the_world_knows_is_one_under_every_name() -> None:
    known = (KnownEntity(id="donald-trump", name="Donald Trump", type="PER", aliases=("the Duke",)),)
    assert {entity for _, _, entity in look_up("donald trump", "duke", known=known)} == {"Q22686"}
    assert ("trump", "name", "Q22686") in look_up("trump", known=known)


@pytest.mark.parametrize(
    "other",
    [
        {"gender": "f"},  # a woman of that name
        {"type": "ORG"},  # a firm
        {"country": "Q142"},  # a Frenchman
        {"name": "Donald Trump Sund"},
        {"wikidata_id": "Q990077"},  # the operator says who
    ],
)
def test_a_namesake_of_who_is_known_stays_the_operators(other: dict[str, str]) -> None:
    facts = {"id": "our-trump", "name": "Donald Trump", "type": "PER"} | other
    known = (KnownEntity.model_validate(facts),)
    assert "Q22686" not in joined(known, load_names()).values()
    found = {entity for _, _, entity in look_up(facts["name"].lower(), known=known)}
    assert other.get("wikidata_id", "our-trump") in found


def test_an_operators_person_is_known_by_the_surname_unless_another_is() -> None:
    people = (("ina", "Ina Qvarn"), ("ole", "Ole Zund"), ("eva", "Eva Zund"), ("ada", "Ada Trump"))
    known = tuple(KnownEntity(id=i, name=name, type="PER") for i, name in people)
    assert look_up("qvarn", known=known) == [("qvarn", "name", "ina")]
    assert look_up("zund", known=known) == []
    assert "ada" not in {entity for _, _, entity in look_up("trump", known=known)}


def test_two_of_the_operators_entities_of_one_name_are_joined_with_nobody() -> None:
    known = tuple(KnownEntity(id=i, name="Donald Trump", type="PER") for i in ("elder", "younger"))
    assert joined(known, load_names()) == {}


def test_an_operators_entity_may_name_another_by_its_own_id() -> None:
    known = (
        KnownEntity(id="russia", name="Russia", type="LOC"),
        KnownEntity(
            id="sund", name="Ola Sund", type="PER", country="russia", offices=(Office(role="mayor", of="russia"),)
        ),
    )
    entities = entities_of(known, joined(known, load_names()))
    sund = entities.row(by_predicate=pl.col("entity_id") == "sund", named=True)
    assert (sund["country"], sund["offices"][0]["of"]) == ("Q159", "Q159")


def test_the_lakes_names_are_found_beside_the_shipped_ones(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    ours = {"type": "PER", "wikidata_id": "Q900", "aliases": ["Piet Lund", "Putin"]}
    lake.write(Names, None, names_of(frame_of([{"entity_id": "Q900", "name": "Piet Lund"} | ours]), 2), "a")
    assert look_up("piet lund", lake=lake) == [("piet lund", "name", "Q900")]
    assert {entity for _, _, entity in look_up("putin", lake=lake)} == {"Q7747", "Q900"}


def test_a_lake_at_a_url_is_looked_up_too() -> None:
    fsspec.filesystem("memory").store.clear()
    lake = Lake("memory://desk/lake")
    ours = {"entity_id": "Q900", "name": "Piet Lund", "type": "PER", "wikidata_id": "Q900", "aliases": ["Piet Lund"]}
    lake.write(Names, None, names_of(frame_of([ours]), 2), "a")
    assert look_up("piet lund", lake=lake) == [("piet lund", "name", "Q900")]


def test_no_one_is_found_under_no_key() -> None:
    assert look_up() == []

"""Entities from a file of Wikidata: a dump (JSON, one entity a line) or the JSON result of a SPARQL query.

Which query, and what is taken from a dump, is in README.md here. Facts of Wikidata are in the public domain (CC0).
"""

from __future__ import annotations

import bz2
import gzip
import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any, Final

import dataframely as dy
import polars as pl

from pipeline.gazetteer import frame_of, load_gazetteer
from pipeline.names import key
from pipeline.schemas import Gazetteer, Merges

# Rows that are held as Python objects at a time: a tenth of a gigabyte.
BATCH = 50_000
# `instance of`: what tells the type. Of a class not listed a thing with coordinates is a place, and one with
# headquarters, members or a founder an organisation; the rest is left out.
HUMAN, POSITIONS = "Q5", {"Q4164871", "Q294414", "Q30461"}
PLACES = {"Q6256", "Q3624078", "Q515", "Q1549591", "Q5119", "Q35657", "Q3957", "Q532", "Q5107", "Q82794"}
BODIES = {"Q43229", "Q7278", "Q4830453", "Q783794", "Q6881511", "Q891723", "Q11032", "Q327333", "Q484652", "Q245065"}
BODIES |= {"Q15265344", "Q192283", "Q79913", "Q1002697", "Q3918", "Q176799", "Q1110794", "Q41298"}
GENDERS: Final = {"Q6581097": "m", "Q6581072": "f"}
QID = re.compile(r"Q[1-9]\d*")
# The variables of the query in README.md; every other is ignored.
VARIABLES = {"item", "itemLabel", "type"}


class GazetteerError(Exception):
    """A file cannot be imported: the message says where and why."""


def read_wikidata(path: Path) -> dy.DataFrame[Gazetteer]:
    """The entities of a dump or SPARQL result, plain, gzip or bzip2: one row each, sorted by id.

    Raises:
        GazetteerError: the file cannot be read or is neither.
    """
    opener = {".gz": gzip.open, ".bz2": bz2.open}.get(path.suffix, open)
    try:
        with opener(path, "rt", encoding="utf-8") as file:  # type: ignore[operator]
            start = file.read(2000)
        with opener(path, "rt", encoding="utf-8") as file:  # type: ignore[operator]
            if re.match(r'\s*\{\s*"head"', start):
                frames = list(_frames(_bindings(json.load(file), path)))
            else:
                frames = list(_frames(_items(file, path)))
    except (OSError, EOFError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise GazetteerError(f"cannot read {path}: {error}") from error
    if not frames:
        raise GazetteerError(
            f"{path} holds no entity with an English name and a type; see pipeline/gazetteer/README.md"
        )
    return frame_of(pl.concat(frames).iter_rows(named=True)) if len(frames) > 1 else frames[0]


def merges_of(imported: dy.DataFrame[Gazetteer], on: date, shipped: pl.DataFrame | None = None) -> dy.DataFrame[Merges]:
    """The ids that shipped entities without a Wikidata id give up for those of the import.

    Only where one imported entity has that name and type, and nothing that both know differs.
    """
    ours = load_gazetteer() if shipped is None else shipped
    taken = ours.filter(pl.col("wikidata_id").is_not_null())["wikidata_id"]
    found = (
        ours.filter(pl.col("wikidata_id").is_null())
        .select("type", "gender", "country", old_id="entity_id", key=key(pl.col("name")))
        .join(
            imported.filter(~pl.col("entity_id").is_in(taken.implode())).select(
                "type", "name", "entity_id", key=key(pl.col("name")), gender_new="gender", country_new="country"
            ),
            on=["key", "type"],
        )
        .filter(pl.len().over("old_id") == 1, pl.len().over("entity_id") == 1)
        .filter(
            pl.col("gender").eq(pl.col("gender_new")).fill_null(True),
            pl.col("country").eq(pl.col("country_new")).fill_null(True),
        )
        .sort("old_id")
    )
    return Merges.validate(
        found.select(
            "old_id",
            "entity_id",
            merged_on=pl.lit(on),
            reason=pl.format("the import of Wikidata has one {} of this name", pl.col("type").cast(pl.String)),
            source=pl.lit("import"),
        ),
        cast=True,
    )


def _frames(rows: Iterable[dict[str, Any]]) -> Iterator[dy.DataFrame[Gazetteer]]:
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            yield frame_of(batch)
            batch = []
    if batch:
        yield frame_of(batch)


# --- a dump ----------------------------------------------------------------------------------------------------------


def _items(lines: Iterable[str], path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a dump. Offices wait for the end: what a position is called stands in an entity of its own."""
    held: list[tuple[str, str, date | None, date | None]] = []
    positions: dict[str, tuple[str, str]] = {}
    for number, line in enumerate(lines, 1):
        text = line.strip().rstrip(",")
        if text in ("", "[", "]"):
            continue
        try:
            item = json.loads(text)
            claims, item_id = item.get("claims") or {}, item["id"]
        except (json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
            raise GazetteerError(f"{path}:{number}: not an entity of a Wikidata dump: {error}") from error
        name = ((item.get("labels") or {}).get("en") or {}).get("value")
        if not name or not QID.fullmatch(item_id):
            continue
        kinds = set(_ids(claims, "P31"))
        if kinds & POSITIONS:
            if of := _first(_ids(claims, "P1001") or _ids(claims, "P2389") or _ids(claims, "P17")):
                positions[item_id] = (_role(name), of)
            continue
        if not (type_ := _type(kinds, claims)):
            continue
        for statement in _statements(claims, "P39"):
            if position := _value(statement.get("mainsnak")):
                qualifiers = statement.get("qualifiers") or {}
                begin, end = (_first([_date(_value(s)) for s in qualifiers.get(p, [])]) for p in ("P580", "P582"))
                held.append((item_id, position["id"], begin, end))
        aliases = [a["value"] for a in (item.get("aliases") or {}).get("en", [])]
        is_person = type_ == "PER"
        yield {
            "entity_id": item_id,
            "name": name,
            "type": type_,
            "wikidata_id": item_id,
            "aliases": list(dict.fromkeys([name, *aliases])),
            "demonyms": [v["text"] for v in _values(claims, "P1549") if v.get("language") == "en"],
            "gender": GENDERS.get(_first(_ids(claims, "P21")) or ""),
            "country": _first(_ids(claims, "P27" if is_person else "P17")),
            "stands_for": _first(_ids(claims, "P1376")),
            "starts_on": _first([_date(v) for v in _values(claims, "P569" if is_person else "P571")]),
            "ends_on": _first([_date(v) for v in _values(claims, "P570" if is_person else "P576")]),
            "prominence": len(item.get("sitelinks") or {}),
        }
    for item_id, position, begin, end in held:
        if position in positions:
            role, of = positions[position]
            yield {
                "entity_id": item_id,
                "offices": [{"role": role, "of": of, "starts_on": begin, "ends_on": end}],
            }


def _type(kinds: set[str], claims: dict[str, Any]) -> str | None:
    if HUMAN in kinds:
        return "PER"
    if kinds & BODIES or {"P159", "P463", "P112"} & claims.keys():
        return "ORG"
    if kinds & PLACES or "P625" in claims:
        return "LOC"
    return None


def _role(label: str) -> str:
    """The office of a position: "president" of "President of Norland"."""
    return re.split(r" (?:of|for) ", label, maxsplit=1)[0].lower()


def _statements(claims: dict[str, Any], claim: str) -> list[dict[str, Any]]:
    """The statements that hold: the preferred ones first, none that is deprecated."""
    ranks = {"preferred": 0, "normal": 1}
    found = [s for s in claims.get(claim, []) if s.get("rank", "normal") in ranks]
    return sorted(found, key=lambda s: ranks[s.get("rank", "normal")])


def _value(snak: dict[str, Any] | None) -> Any:
    return ((snak or {}).get("datavalue") or {}).get("value")


def _values(claims: dict[str, Any], claim: str) -> list[Any]:
    return [v for s in _statements(claims, claim) if (v := _value(s.get("mainsnak"))) is not None]


def _ids(claims: dict[str, Any], claim: str) -> list[str]:
    return [v["id"] for v in _values(claims, claim) if isinstance(v, dict) and "id" in v]


def _first(values: list[Any]) -> Any:
    return next((v for v in values if v is not None), None)


def _date(value: Any) -> date | None:
    """A time of Wikidata as a day; a year or month alone is its first day; none before the year 1."""
    time = value.get("time", "") if isinstance(value, dict) else value or ""
    if match := re.match(r"\+?(\d{4})-(\d\d)-(\d\d)", time):
        with suppress(ValueError):
            return date(int(match[1]), max(int(match[2]), 1), max(int(match[3]), 1))
    return None


# --- a SPARQL result -------------------------------------------------------------------------------------------------


def _bindings(result: Any, path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a result: one for each combination of what an entity has several of."""
    try:
        variables, bindings = set(result["head"]["vars"]), result["results"]["bindings"]
    except (KeyError, TypeError) as error:
        raise GazetteerError(f"{path}: not a SPARQL result: {error} is missing") from error
    if lacking := sorted(VARIABLES - variables):
        raise GazetteerError(f"{path}: the query must select {', '.join(f'?{v}' for v in lacking)}")
    for number, binding in enumerate(bindings, 1):
        row = {name: value["value"] for name, value in binding.items()}
        item_id, type_ = _id(row.get("item")), row.get("type")
        if not item_id or type_ not in ("PER", "ORG", "LOC", "MISC"):
            raise GazetteerError(f"{path}: result {number}: ?item is no entity or ?type not PER, ORG, LOC or MISC")
        name = row.get("itemLabel", item_id)
        if name == item_id:  # it has no English label
            continue
        office = {"role": row["role"].lower(), "of": _id(row["of"])} if "role" in row and "of" in row else None
        if office:
            office |= {"starts_on": _date(row.get("roleStarts")), "ends_on": _date(row.get("roleEnds"))}
        yield {
            "entity_id": item_id,
            "name": name,
            "type": type_,
            "wikidata_id": item_id,
            "aliases": list(dict.fromkeys([name, *([row["alias"]] if "alias" in row else [])])),
            "demonyms": [row["demonym"]] if "demonym" in row else [],
            "gender": GENDERS.get(_id(row.get("gender")) or ""),
            "country": _id(row.get("country")),
            "stands_for": _id(row.get("capitalOf")),
            "offices": [office] if office else [],
            "starts_on": _date(row.get("starts")),
            "ends_on": _date(row.get("ends")),
            "prominence": int(row["sitelinks"]) if row.get("sitelinks", "").isdigit() else None,
        }


def _id(uri: str | None) -> str | None:
    match = QID.fullmatch((uri or "").rsplit("/", 1)[-1])
    return match[0] if match else None

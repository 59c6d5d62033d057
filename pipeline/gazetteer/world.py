"""Cities, provinces, members of parliaments and football clubs of the world, from public sources.

Every source gives rows of the gazetteer with `size`, by which those of one name are told apart. README.md beside this
file names the sources, their versions and licences.
"""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

# From how many people on a city's name means it in any article.
KNOWN_EVERYWHERE = 1_000_000
# Kinds of provinces; smaller parts of a country are its towns again.
PROVINCES = {
    "autonomous community", "autonomous region", "canton", "department", "governorate", "land", "oblast", "prefecture",
    "province", "region", "republic", "state", "territory", "union territory", "voivodship", "krai", "county",
}  # fmt: skip
# Names of provinces that are words.
WORDS = {
    "central", "centre", "chechen", "east", "eastern", "jewish", "north", "northern", "south", "southern", "west",
    "western",
}  # fmt: skip
# Services that have an id for a club, at least, for it to be one that news writes of.
KNOWN_CLUB = 6
# Whose towns get no country from the source.
DISPUTED = ("Crimea", "Sevastopol")
# Services that have an id for a club whose name of one word is a known one: other words of clubs are words.
KNOWN_BY_A_WORD = 9
# Where a city's name means its club of another game.
OTHER_GAMES = ("United States", "Canada")
# What a club's full name has beside the words that it is called by.
CLUB_FORM = re.compile(
    r"\b(?:(?:[A-Z]\.){2,}|A?FC|[ACFKS]{2,3}|S?SC|C[DF]|BC|B?SC|TSG|TSV|VfB|VfL|OSC|OGC|RCD?|SSC|UD|FK|NK|SK|IF|BK|\d{2,4})(?=\s|$)|"
    r"\bClub de Fútbol\b|\bCalcio\b"
)


def cities(folder: Path, countries: Sequence[dict[str, Any]], codes: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Cities and towns of Natural Earth."""
    places = json.loads((folder / "ne_10m_populated_places.json").read_text(encoding="utf-8"))
    for place in places["features"]:
        facts = place["properties"]
        country = None if facts["ADM1NAME"] in DISPUTED else codes.get(facts["ADM0_A3"])
        name = facts["NAME_EN"] or facts["NAME"]
        if facts["wikidataid"] and _is_name(name) and facts["ADM0_A3"] in codes:
            others = [facts["NAME"], *(facts["NAMEALT"] or "").split("|")]
            yield {
                "name": name,
                "type": "LOC",
                "wikidata_id": facts["wikidataid"],
                "aliases": list(dict.fromkeys([name, *(o.strip() for o in others if _is_name(o.strip()))])),
                "country": country,
                "is_local": (bool(country) and facts["POP_MAX"] < KNOWN_EVERYWHERE) or None,
                "size": int(facts["POP_MAX"]),
            } | NOTHING


def provinces(folder: Path, countries: Sequence[dict[str, Any]], codes: dict[str, str]) -> Iterator[dict[str, Any]]:
    """First-level parts of countries."""
    ids = _by_two_letters(countries, codes)
    with (folder / "states.csv").open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            name, country = re.sub(r"\s*\(.*\)", "", line["name"]), ids.get(line["country_code"])
            is_name = _is_name(name) and name.lower() not in WORDS
            if country and is_name and line["wikiDataId"] and line["type"] in PROVINCES and not line["parent_id"]:
                yield {
                    "name": name,
                    "type": "LOC",
                    "wikidata_id": line["wikiDataId"],
                    "aliases": [name],
                    "country": country,
                    "is_local": True,
                    "size": int(line["population"] or 0),
                } | NOTHING


def politicians(folder: Path, countries: Sequence[dict[str, Any]], codes: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Members of parliaments of EveryPolitician who have a Wikidata id."""
    ids = _by_two_letters(countries, codes)
    root = folder / "everypolitician-data"
    for listed in json.loads((root / "countries.json").read_text(encoding="utf-8")):
        country = ids.get(listed["code"].partition("-")[0])
        for house in listed["legislatures"]:
            path = root / house["popolo"]
            if country and path.exists():
                yield from _members(json.loads(path.read_text(encoding="utf-8")), country)


def _members(house: dict[str, Any], country: str) -> Iterator[dict[str, Any]]:
    for person in house["persons"]:
        ids = [i["identifier"] for i in person.get("identifiers", []) if i["scheme"] == "wikidata"]
        others = [o["name"] for o in person.get("other_names", []) if o.get("lang", "en") == "en"]
        names = [name for name in dict.fromkeys([person["name"], *others]) if " " in name and _is_name(name)]
        # "MICCOLI Marco" stands beside "Marco Miccoli".
        names = [name for name in names if not SHOUTED.search(name)] or [name.title() for name in names]
        if ids and names and re.fullmatch(r"Q\d+", ids[0]):
            gender = {"male": "m", "female": "f"}.get(person.get("gender", ""))
            yield (
                {
                    "name": names[0],
                    "type": "PER",
                    "wikidata_id": ids[0],
                    "aliases": names,
                    "country": country,
                    "is_local": True,
                }
                | ({"gender": gender} if gender else {})
                | NOTHING
            )


def clubs(folder: Path, countries: Sequence[dict[str, Any]], codes: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Football clubs of the register `reep` by which many services have an id."""
    of_name = {c["name"]["common"]: codes[c["cca3"]] for c in countries if c["cca3"] in codes}
    with (folder / "teams.csv").open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            services = sum(bool(value) for column, value in line.items() if column.startswith("key_"))
            is_known = services >= KNOWN_CLUB and line["country"] not in OTHER_GAMES
            if is_known and line["key_wikidata"] and _is_name(line["name"]):
                country = of_name.get(line["country"])
                short = " ".join(CLUB_FORM.sub(" ", line["name"]).split()).strip(" -")
                is_telling = len(short) > 3 and (" " in short or services >= KNOWN_BY_A_WORD)
                yield {
                    "name": line["name"],
                    "type": "ORG",
                    "wikidata_id": line["key_wikidata"],
                    "aliases": list(dict.fromkeys([line["name"], *([short] if is_telling else [])])),
                    "country": country,
                    "size": services,
                } | NOTHING


SHOUTED = re.compile(r"\b[^\W\da-z_]{3,}\b")
NOTHING: dict[str, Any] = {"demonyms": [], "offices": []}


def _by_two_letters(countries: Sequence[dict[str, Any]], codes: dict[str, str]) -> dict[str, str]:
    """The Wikidata id of each country by its code of two letters; `codes` has them by that of three."""
    return {c["cca2"]: codes[c["cca3"]] for c in countries if c["cca3"] in codes}


def _is_name(name: str) -> bool:
    return len(name) > 2 and name[0].isupper() and name.isprintable() and bool(re.fullmatch(r"[\u0020-\u024F’]+", name))


# Annotated articles, at least, that give a name one Wikidata id, and none another, for it to be believed.
AGREED = 3


def agreed(labels: Sequence[Path]) -> Iterator[dict[str, Any]]:
    """Entities to whose name the annotators of our labels, each of whom saw one article, gave one Wikidata id."""
    ids: dict[tuple[str, str], Counter[str]] = {}
    for path in sorted(labels):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                for entity in json.loads(line)["entities"]:
                    if entity["qid"]:
                        ids.setdefault((entity["type"], entity["name"]), Counter())[entity["qid"]] += 1
    for (kind, name), given in sorted(ids.items()):
        ((item, count),) = given.most_common(1)
        if count >= AGREED and len(given) == 1 and _is_name(name):
            yield {"name": name, "type": kind, "wikidata_id": item, "aliases": [name], "size": count} | NOTHING

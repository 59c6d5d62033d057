"""Build the shipped gazetteer: `python -m pipeline.gazetteer build FOLDER`.

FOLDER holds the public sources that README.md beside this file names; `known.toml` and `most_viewed.tsv` are ours. The
same input gives the same bytes.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import html
import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import dataframely as dy
import polars as pl
import yaml

from pipeline.gazetteer import FILE, frame_of
from pipeline.gazetteer.world import agreed, cities, clubs, politicians, provinces
from pipeline.names import key, own_id
from pipeline.schemas import Gazetteer

OURS = Path(__file__).with_name("known.toml")
MOST_VIEWED = Path(__file__).with_name("most_viewed.tsv")
LABELS = Path(__file__).parents[2] / "labels"
# Countries that the press treats as such though they are no members of the United Nations.
ALSO_COUNTRIES = {"GRL", "HKG", "PRI", "PSE", "TWN", "UNK", "VAT"}
# Other capitals and codes of up to three letters are words, initials or other names far more often.
CODES = {"DRC", "PRC", "UAE", "UK", "US", "USA"}
UNITED_STATES = "Q30"
CAMPAIGN = timedelta(days=730)
CHAMBERS = {"sen": "senator", "rep": "representative"}
PARTIES = {"Democrat": "Q29552", "Republican": "Q29468"}


def build(folder: Path) -> dy.DataFrame[Gazetteer]:
    """The gazetteer from the public sources in the folder and our own lists: one row per entity, sorted by id.

    Rows that name the same Wikidata id are one entity: the first gives the name, all of them the aliases. So is a row
    without one, where only one other row has its name.
    """
    ours = tomllib.loads(OURS.read_text(encoding="utf-8"))
    countries = json.loads((folder / "countries.json").read_text(encoding="utf-8"))
    codes = {code: facts["wikidata_id"] for code, facts in ours["countries"].items() if "wikidata_id" in facts}
    rows = [*(_row(**entity) for entity in ours["entity"]), *_countries(countries, ours)]
    rows += _legislators(yaml.safe_load((folder / "us-legislators-current.yaml").read_text(encoding="utf-8")), ours)
    with gzip.open(folder / "factbook-government.json.gz", "rt", encoding="utf-8") as file:
        rows += _leaders(json.load(file), rows)
    rows += _most_viewed(folder / "wikidata-10k-most-viewed-aliases.csv", codes, rows)
    rows += _less_known(agreed(list(LABELS.glob("articles-*.jsonl.gz"))), rows)
    for source in (cities, provinces, politicians, clubs):
        rows += _less_known(source(folder, countries, codes), rows)
    letters: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        if row["wikidata_id"]:
            for alias in (row["name"], *row["aliases"]):
                letters.setdefault((row["type"], _key(alias)), set()).add(row["wikidata_id"])
    for row in rows:
        same = letters.get((row["type"], _key(row["name"])), set())
        if not row["wikidata_id"] and len(same) == 1:
            row["wikidata_id"] = next(iter(same))
        row["entity_id"] = row["wikidata_id"] or _own_id(row["type"], row["name"])
    return frame_of(rows)


def _most_viewed(path: Path, codes: dict[str, str], others: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The items of the list that are proper names, with those of their names that mean nobody else: a name that another
    row has, or an item that is looked up more, stays theirs."""
    labels: dict[str, list[str]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            labels.setdefault(line["Entity"], []).append(line["Label"])
    with MOST_VIEWED.open(encoding="utf-8") as file:
        kinds = {item: given for item, *given in (line.rstrip("\n").split("\t") for line in file) if given}
    listed = [item for item in labels if item in kinds]
    owners: dict[str, str] = {}
    for row in others:
        if row["wikidata_id"]:  # one without may turn out to be an item of the list
            for name in (*row["aliases"], *row["demonyms"]):
                owners.setdefault(_key(name), row["wikidata_id"])
    for item in listed:
        if _is_telling(labels[item][0], kinds[item][0]):
            owners.setdefault(_key(labels[item][0]), item)
    for item in listed:
        (kind, gender, country), (name, *aliases) = kinds[item], labels[item]
        telling = [alias for alias in aliases if _means(alias, name, kind)]
        known = [alias for alias in telling if owners.setdefault(_key(alias), item) == item]
        is_its_own = owners.get(_key(name)) == item
        if names := [name] * is_its_own + known:
            facts = {"gender": gender, "country": codes.get(country)}
            given = {fact: value for fact, value in facts.items() if value and value != "-"}
            yield _row(name, kind, wikidata_id=item, **given) | {"aliases": list(dict.fromkeys(names))}


def _less_known(found: Iterable[dict[str, Any]], others: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Entities of a source with those of their names that mean none of the others; they are local where none of the
    others is the same. A name that several of them bear means those that are not much smaller than the largest."""
    owners: dict[tuple[str, str], str] = {}
    for row in others:
        if row["wikidata_id"]:  # one without may turn out to be one of these
            for name in (*row["aliases"], *row["demonyms"]):
                owners.setdefault((_kind(row), _key(name)), row["wikidata_id"])
    known = {row["wikidata_id"] for row in others}
    found = list(found)
    largest: dict[str, int] = {}
    for row in found:
        for name in row["aliases"]:
            largest[_key(name)] = max(largest.get(_key(name), 0), row.get("size", 0))
    for row in found:
        size = row.pop("size", 0)
        own = row["wikidata_id"]
        names = [
            name
            for name in row["aliases"]
            if all(owners.get((kind, _key(name)), own) == own for kind in _kinds(row))
            and size * MUCH_SMALLER >= largest[_key(name)]
        ]
        if names:
            is_known = row["wikidata_id"] in known
            yield row | {"aliases": names} | ({"is_local": None} if is_known else {})


def _kind(row: dict[str, Any]) -> str:
    """What may have the name of something of another kind: the reader tells a club from its city."""
    return row["type"] if row["type"] in ("PER", "LOC") else "ORG"


def _kinds(row: dict[str, Any]) -> list[str]:
    """The kinds of things that go before an entity of that name: a town has no name that a company is known by."""
    return [_kind(row), "ORG"] if row["type"] == "LOC" and row.get("is_local") else [_kind(row)]


# How many times larger a place is than the other places whose name means it alone.
MUCH_SMALLER = 5


def _is_telling(name: str, kind: str) -> bool:
    """Whether a name alone says whom or what it means: a work or event of one word is a word far more often."""
    bare = name.removeprefix("The ")
    is_word = " " not in bare and (kind == "MISC" or bare != name)
    return len(name) > 2 and name[0].isupper() and name.isprintable() and not is_word


def _means(alias: str, name: str, kind: str) -> bool:
    """Whether an alias is one that English news uses for nobody else: two words or more, an acronym, or the first word
    of a body's name. A bare surname is a neighbour's far more often than a president's of a hundred years ago."""
    if not (_is_telling(alias, kind) and alias.isascii()):
        return False
    if kind == "PER" or " " in alias:
        return " " in alias
    is_acronym = len(alias) > 2 and alias.isupper()
    if kind == "LOC":
        return not is_acronym and len(alias) > 3
    return is_acronym or alias == name.split()[0]


def _leaders(factbook: dict[str, Any], others: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Heads of state and of government as the factbook has them, with the day on which they took office."""
    ids = {name: row["wikidata_id"] for row in others if row["type"] == "LOC" for name in row["aliases"]}
    for country in factbook.values():
        names = country.get("Country name", {})
        forms = [names.get(f"conventional {form} form", {}).get("text", "") for form in ("short", "long")]
        of = next((ids[form] for form in forms if ids.get(form)), None)
        for office in ("chief of state", "head of government"):
            words = html.unescape(country.get("Executive branch", {}).get(office, {}).get("text", ""))
            for title, given, surname, since in LEADER.findall(words if of else ""):
                role = ROLES_OF_LEADERS.get(title.strip().lower())
                if role and (day := _day(since)):
                    name = f"{RANK.sub('', given)}{surname.title()}"
                    yield _row(name, "PER", country=of, offices=[{"role": role, "of": of, "starts_on": day}])


LEADER = re.compile(
    r"(?:^|; |<strong>)((?:[A-Z][a-z]+ ){1,3})"
    r"((?:[A-Z][\w.'’-]*[a-z.][\w.'’-]* )+)([A-Z][A-Z'’ -]+[A-Z]) \(since (\d+ \w+ \d{4})\)"
)
RANK = re.compile(r"^(?:[A-Z][a-z]{1,3}\. )+")
ROLES_OF_LEADERS = {
    title: title for title in ("president", "prime minister", "chancellor", "king", "queen", "emir", "sultan", "pope")
} | {"amir": "emir", "premier": "prime minister", "federal chancellor": "chancellor", "taoiseach": "prime minister"}


def _day(words: str) -> date | None:
    try:
        return datetime.strptime(words, "%d %B %Y").date()
    except ValueError:
        return None


def _row(name: str, type: str, **given: Any) -> dict[str, Any]:
    demonyms = [form for demonym in given.pop("demonyms", []) for form in _forms(demonym)]
    offices = [{"starts_on": None, "ends_on": None} | office for office in given.pop("offices", [])]
    aliases = list(dict.fromkeys([name, *given.pop("aliases", [])]))
    row = {"name": name, "type": type, "aliases": aliases, "demonyms": demonyms, "offices": offices}
    return {"wikidata_id": None} | row | given


@cache
def _key(name: str) -> str:
    return str(pl.select(key(pl.lit(name))).item())


def _own_id(type: str, name: str) -> str:
    return str(pl.select(own_id(pl.lit(type), key(pl.lit(name)))).item())


def _forms(demonym: str) -> list[str]:
    """A demonym and its plural: Russian, Russians; Frenchman, Frenchmen; but Chinese, British, Swiss stay alone."""
    if demonym.endswith("man"):
        return [demonym, f"{demonym[:-3]}men"]
    if demonym.endswith(("s", "sh", "ch", "ese")):
        return [demonym]
    return [demonym, f"{demonym[:-1]}ies" if demonym.endswith("y") else f"{demonym}s"]


def _countries(countries: list[dict[str, Any]], ours: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for country in countries:
        code = country["cca3"]
        if not country["unMember"] and code not in ALSO_COUNTRIES:
            continue
        extra = ours["countries"].get(code, {})
        name = country["name"]["common"]
        demonym = country["demonyms"].get("eng", {})
        row = _row(
            name,
            "LOC",
            wikidata_id=extra["wikidata_id"],
            aliases=[
                country["name"]["official"],
                *(a for a in country["altSpellings"] if _is_name(a)),
                *extra.get("aliases", []),
            ],
            demonyms=[
                d for d in dict.fromkeys([*", ".join(demonym.values()).split(", "), *extra.get("demonyms", [])]) if d
            ],
        )
        yield row
        for capital in country["capital"]:
            if capital not in row["aliases"]:
                facts = {"country": extra["wikidata_id"], "stands_for": extra["wikidata_id"]}
                yield _row(capital, "LOC", **facts, **ours["capitals"].get(capital, {}))


def _is_name(spelling: str) -> bool:
    """Whether a spelling is one that an English text uses: no code, nothing in another script."""
    is_code = len(spelling) <= 3 and spelling.isupper()
    return spelling in CODES or (not is_code and "," not in spelling and spelling.isascii())


def _legislators(legislators: list[dict[str, Any]], ours: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for legislator in legislators:
        name = legislator["name"]
        firsts = [name["first"]]
        if "nickname" in name:
            firsts.insert(0, name["nickname"])
        if "middle" in name:
            firsts += [f"{name['first']} {name['middle']}", f"{name['first']} {name['middle'][0]}."]
        suffixes = ["", *([f" {name['suffix']}"] if "suffix" in name else [])]
        names = [f"{first} {name['last']}{suffix}" for first in firsts for suffix in suffixes]
        offices: list[dict[str, Any]] = []
        for term in legislator["terms"]:
            since = {"starts_on": date.fromisoformat(term["start"]), "ends_on": date.fromisoformat(term["end"])}
            offices.append(
                {"role": CHAMBERS[term["type"]], "of": ours["states"].get(term["state"], UNITED_STATES)} | since
            )
            if party := PARTIES.get(term.get("party", "")):
                offices.append({"role": "member", "of": party} | since)
        yield _row(
            names[0],
            "PER",
            wikidata_id=legislator["id"].get("wikidata"),
            aliases=[*names, *([name["official_full"]] if "official_full" in name else [])],
            gender=legislator["bio"]["gender"].lower(),
            country=UNITED_STATES,
            offices=offices,
            # Before the first campaign the name is a namesake's far more often.
            starts_on=min(office["starts_on"] for office in offices) - CAMPAIGN,
        )


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.gazetteer", description=__doc__)
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("build", help="read the public sources and write the shipped file")
    command.add_argument("folder", type=Path, help="folder with the public sources")
    command.add_argument("--out", type=Path, default=FILE, help="file to write (default: the shipped one)")
    arguments = parser.parse_args()
    frame = build(arguments.folder)
    frame.write_parquet(arguments.out, compression="zstd", compression_level=19)
    print(f"{arguments.out}: {frame.height:,} entities, {arguments.out.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()

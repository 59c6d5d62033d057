"""Build the shipped gazetteer: `python -m pipeline.gazetteer build FOLDER`.

FOLDER holds `countries.json` (github.com/mledoze/countries) and `us-legislators-current.yaml`
(github.com/unitedstates/congress-legislators, legislators-current.yaml); `known.toml` beside this file is ours. The
same input gives the same bytes.
"""

from __future__ import annotations

import argparse
import json
import tomllib
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from pipeline.gazetteer import FILE
from pipeline.schemas import Gazetteer

OURS = Path(__file__).with_name("known.toml")
# Countries that the press treats as such though they are no members of the United Nations.
ALSO_COUNTRIES = {"GRL", "HKG", "PRI", "PSE", "TWN", "UNK", "VAT"}
# Other capitals and codes of up to three letters are words, initials or other names far more often.
CODES = {"DRC", "PRC", "UAE", "UK", "US", "USA"}


def build(folder: Path) -> pl.DataFrame:
    """The gazetteer from the two public sources in the folder and our own list: one row per entity, sorted by id.

    Rows that name the same Wikidata id are one entity: the first gives the name, all of them the aliases.
    """
    ours = tomllib.loads(OURS.read_text(encoding="utf-8"))
    rows = [
        *(_row(**entity) for entity in ours["entity"]),
        *_countries(json.loads((folder / "countries.json").read_text(encoding="utf-8")), ours),
        *_legislators(yaml.safe_load((folder / "us-legislators-current.yaml").read_text(encoding="utf-8"))),
    ]
    lists = pl.col("aliases", "demonyms").list.explode(keep_nulls=False, empty_as_null=False)
    firsts = [pl.col(name).drop_nulls().first() for name in ("name", "type", "wikidata_id", "gender", "capital_of")]
    frame = pl.DataFrame(rows, schema=Gazetteer.create_empty().schema | {"type": pl.String, "gender": pl.String})
    return Gazetteer.validate(
        frame.group_by("entity_id", maintain_order=True)
        .agg(*firsts, lists.unique(maintain_order=True))
        .select(Gazetteer.column_names())
        .sort("entity_id"),
        cast=True,
    )


def _row(
    name: str,
    type: str,
    wikidata_id: str | None = None,
    aliases: list[str] | None = None,
    demonyms: list[str] | None = None,
    gender: str | None = None,
    capital_of: str | None = None,
) -> dict[str, Any]:
    return {
        "entity_id": wikidata_id or f"{type.lower()}-{_slug(name)}",
        "name": name,
        "type": type,
        "wikidata_id": wikidata_id,
        "aliases": list(dict.fromkeys([name, *(aliases or [])])),
        "demonyms": [form for demonym in demonyms or [] for form in _forms(demonym)],
        "gender": gender,
        "capital_of": capital_of,
    }


def _slug(name: str) -> str:
    """The id part of a name: as the entities stage makes it for a name that no one knows."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    plain = plain.lower().replace("’", "'").replace("'", "").replace(".", "")
    return "-".join("".join(c if c.isalnum() else " " for c in plain).split()).removeprefix("the-")


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
            extra.get("wikidata_id"),
            [
                country["name"]["official"],
                *(a for a in country["altSpellings"] if _is_name(a)),
                *extra.get("aliases", []),
            ],
            [d for d in dict.fromkeys([*", ".join(demonym.values()).split(", "), *extra.get("demonyms", [])]) if d],
        )
        yield row
        for capital in country["capital"]:
            if capital not in row["aliases"]:
                yield _row(capital, "LOC", capital_of=row["entity_id"], **ours["capitals"].get(capital, {}))


def _is_name(spelling: str) -> bool:
    """Whether a spelling is one that an English text uses: no code, nothing in another script."""
    is_code = len(spelling) <= 3 and spelling.isupper()
    return spelling in CODES or (not is_code and "," not in spelling and spelling.isascii())


def _legislators(legislators: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for legislator in legislators:
        name = legislator["name"]
        firsts = [name["first"]]
        if "nickname" in name:
            firsts.insert(0, name["nickname"])
        if "middle" in name:
            firsts += [f"{name['first']} {name['middle']}", f"{name['first']} {name['middle'][0]}."]
        suffixes = ["", *([f" {name['suffix']}"] if "suffix" in name else [])]
        names = [f"{first} {name['last']}{suffix}" for first in firsts for suffix in suffixes]
        yield _row(
            names[0],
            "PER",
            legislator["id"].get("wikidata"),
            [*names, *([name["official_full"]] if "official_full" in name else [])],
            gender=legislator["bio"]["gender"].lower(),
        )


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.gazetteer", description=__doc__)
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("build", help="read the public sources and write the shipped file")
    command.add_argument("folder", type=Path, help="folder with countries.json and us-legislators-current.yaml")
    command.add_argument("--out", type=Path, default=FILE, help="file to write (default: the shipped one)")
    arguments = parser.parse_args()
    frame = build(arguments.folder)
    frame.write_parquet(arguments.out, compression="zstd", compression_level=19)
    print(f"{arguments.out}: {frame.height:,} entities, {arguments.out.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()

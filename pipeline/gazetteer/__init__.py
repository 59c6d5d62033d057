"""Who is known: the shipped gazetteer, what the lake adds to it, and what the operator adds to both.

`python -m pipeline.gazetteer build` makes the shipped file anew; `standpoint gazetteer FILE` brings a Wikidata file
into the lake.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import dataframely as dy
import polars as pl

from pipeline.lake import Lake
from pipeline.names import LOCAL, OPERATOR, SHIPPED, LookUp, key, office_key
from pipeline.schemas import Gazetteer, Names
from pipeline.settings import KnownEntity

FILE = Path(__file__).with_name("known.parquet")


def load_gazetteer(file: Path = FILE) -> dy.DataFrame[Gazetteer]:
    """The shipped entities, one row each, sorted by id."""
    return Gazetteer.validate(pl.read_parquet(file), cast=True)


def load_names(known: Sequence[KnownEntity] = (), lake: Lake | None = None) -> LookUp:
    """The look-up of every name that the operator, the shipped gazetteer or the lake knows.

    Whom the operator names and the world knows is one entity: see `joined`. The lake's names are scanned for the keys
    that are asked for, never held: a million cost no worker any memory.
    """
    world = _world(_shipped_names(), lake)
    if not known:
        return world
    ids, surnames = joined(known, world), _surnames(known, world)
    known = [e.model_copy(update={"aliases": (*e.aliases, *surnames.get(e.id, ()))}) for e in known]
    return _world(pl.concat([names_of(entities_of(known, ids), OPERATOR), _shipped_names()]), lake)


def _surnames(known: Sequence[KnownEntity], world: LookUp) -> dict[str, list[str]]:
    """The surname of each of the operator's people, by id, where it means them alone: no other of them bears it, and
    nobody else is known by it."""
    last = {e.id: e.name.split()[-1] for e in known if e.type == "PER" and " " in e.name}
    borne = Counter(last.values())
    asked = pl.DataFrame(
        {"surname": sorted(name for name, bearers in borne.items() if bearers == 1)}, schema={"surname": pl.String}
    ).with_columns(key=key(pl.col("surname")))
    taken = world(asked["key"]).filter(pl.col("via") == "name", pl.col("type") == "PER")["key"]
    free = set(asked.filter(~pl.col("key").is_in(taken.implode()))["surname"])
    return {own: [name] for own, name in last.items() if name in free}


def _world(small: pl.DataFrame, lake: Lake | None) -> LookUp:
    large = lake.scan(Names) if lake else None

    def look_up(keys: pl.Series) -> dy.DataFrame[Names]:
        wanted = keys.drop_nulls().unique().implode()
        found = small.lazy().filter(pl.col("key").is_in(wanted))
        if large is not None:
            found = pl.concat([found, large.filter(pl.col("key").is_in(wanted))])
        return merged(found)

    return look_up


def joined(known: Sequence[KnownEntity], world: LookUp) -> dict[str, str]:
    """The Wikidata id of each of the operator's entities that has one: its own, else that of the one entity of its type
    that the world knows by its name, or by an alias where nobody has the name. Who differs in gender or country is a
    namesake, and so is everybody where the name is of several."""
    ids = {e.id: e.wikidata_id for e in known if e.wikidata_id}
    asked = pl.DataFrame(
        [
            {"id": e.id, "type": e.type, "gender": e.gender, "country": e.country, "name": name, "is_alias": i > 0}
            for e in known
            if e.id not in ids
            for i, name in enumerate((e.name, *e.aliases))
        ],
        schema=dict.fromkeys(("id", "type", "gender", "country", "name"), pl.String) | {"is_alias": pl.Boolean},
    ).with_columns(key=key(pl.col("name")), country=pl.col("country").replace(ids))
    found = (
        asked.join(
            world(asked["key"])
            .filter(pl.col("via") == "name", pl.col("wikidata_id").is_not_null())
            .select("key", "related", "wikidata_id", world_type=pl.col("type").cast(pl.String), of="gender"),
            on="key",
        )
        .filter(
            pl.col("type") == pl.col("world_type"),
            pl.col("gender").eq(pl.col("of").cast(pl.String)).fill_null(True),
            pl.col("country").is_null()
            | (pl.col("related").list.len() == 0)
            | pl.col("related").list.contains(pl.col("country")),
        )
        .filter(pl.col("is_alias") == pl.col("is_alias").min().over("id"))
        .filter(pl.col("wikidata_id").n_unique().over("id") == 1)
        # Two of the operator's entities are two.
        .unique(["id", "wikidata_id"])
        .filter(pl.len().over("wikidata_id") == 1, ~pl.col("wikidata_id").is_in(list(ids.values())))
    )
    return ids | dict(found.sort("id").select("id", "wikidata_id").iter_rows())


def merged(found: pl.LazyFrame) -> dy.DataFrame[Names]:
    """Rows of several sources as those of one: whom two know, by Wikidata id, has the name that the first gives it."""
    entity = pl.col("entity_id")
    return Names.validate(
        found.collect()
        .sort("key", "via", "entity_id", "rank", "starts_on", nulls_last=True)
        .with_columns(
            pl.col("name", "type").first().over(entity, order_by="rank"),
            pl.col("gender").drop_nulls().first().over(entity),
            pl.col("prominence").max().over(entity),
            pl.col("rank").min().over(entity),
        )
        .unique(["key", "via", "entity_id", "starts_on"], keep="first", maintain_order=True),
        cast=True,
    )


def names_of(entities: dy.DataFrame[Gazetteer], rank: int) -> dy.DataFrame[Names]:
    """Every key that leads to one of the entities, sorted."""
    rows = entities.with_columns(
        related=pl.concat_list(
            pl.col("country").fill_null(""),
            pl.col("stands_for").fill_null(""),
            pl.col("offices").list.eval(pl.element().struct.field("of")),
        )
        .list.unique()
        .list.sort()
        .list.eval(pl.element().filter(pl.element() != "")),
        rank=pl.when(pl.col("is_local").fill_null(False)).then(LOCAL).otherwise(rank).cast(pl.Int64),
    )
    via = pl.Enum(["name", "demonym", "place", "office"])
    columns = [c for c in Names.column_names() if c not in ("key", "via")]
    keyed = [
        rows.explode("aliases", empty_as_null=False, keep_nulls=False).select(
            *columns, key=key(pl.col("aliases")), via=pl.lit("name", via)
        ),
        rows.explode("demonyms", empty_as_null=False, keep_nulls=False).select(
            *columns, key=key(pl.col("demonyms")), via=pl.lit("demonym", via)
        ),
        # The row of a place says where it is looked up; what it means is the row of whom it stands for.
        rows.filter(pl.col("stands_for").is_not_null())
        .explode("aliases", empty_as_null=False, keep_nulls=False)
        .select(pl.col("stands_for").alias("entity_id"), key=key(pl.col("aliases")))
        .join(rows.select(columns), on="entity_id")
        .select(*columns, "key", via=pl.lit("place", via)),
        rows.drop("starts_on", "ends_on")
        .explode("offices", empty_as_null=False, keep_nulls=False)
        .unnest("offices")
        .select(*columns, key=office_key(pl.col("role"), pl.col("of")), via=pl.lit("office", via)),
    ]
    return Names.validate(
        pl.concat(frame.select(Names.column_names()) for frame in keyed)
        .filter(pl.col("key") != "")
        .unique(["key", "via", "entity_id", "starts_on"], keep="first", maintain_order=True)
        .sort("key", "via", "entity_id", "starts_on", nulls_last=True),
        cast=True,
    )


def entities_of(known: Sequence[KnownEntity], ids: Mapping[str, str] | None = None) -> dy.DataFrame[Gazetteer]:
    """The operator's entities as the gazetteer holds them; `ids`: the Wikidata ids of those that have one."""
    ids = {e.id: e.wikidata_id for e in known if e.wikidata_id} if ids is None else ids
    return frame_of(
        {
            "entity_id": ids.get(e.id, e.id),
            "name": e.name,
            "type": e.type,
            "wikidata_id": ids.get(e.id),
            "aliases": [e.name, *e.aliases],
            "demonyms": list(e.demonyms),
            "gender": e.gender,
            "country": ids.get(e.country, e.country) if e.country else None,
            "offices": [office.model_dump() | {"of": ids.get(office.of, office.of)} for office in e.offices],
            "starts_on": e.starts_on,
            "ends_on": e.ends_on,
        }
        for e in sorted(known, key=lambda e: e.id)
    )


def frame_of(rows: Any) -> dy.DataFrame[Gazetteer]:
    """Rows of the gazetteer, by id; of rows with one id the first gives what only one can give, all give the lists."""
    lists = ["aliases", "demonyms", "offices"]
    rows = [{name: [] for name in lists} | row for row in rows]
    schema = Gazetteer.create_empty().schema | {"type": pl.String, "gender": pl.String}
    frame = pl.DataFrame(rows, schema=schema)
    firsts = [name for name in Gazetteer.column_names() if name not in ("entity_id", *lists)]
    return Gazetteer.validate(
        frame.group_by("entity_id", maintain_order=True)
        .agg(
            pl.col(firsts).drop_nulls().first(),
            pl.col(lists).list.explode(keep_nulls=False, empty_as_null=False).unique(maintain_order=True),
        )
        .select(Gazetteer.column_names())
        .sort("entity_id"),
        cast=True,
    )


@cache
def _shipped_names() -> dy.DataFrame[Names]:
    return names_of(load_gazetteer(), SHIPPED)

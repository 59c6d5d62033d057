"""Descriptions with a clear referent: "the Russian president", "the mayor"."""

from __future__ import annotations

import polars as pl

from pipeline.names import LookUp, key, office_key
from pipeline.stages.entities.text import (
    ARTICLE,
    EDGE,
    ENTITY,
    HEADS,
    MODIFIERS,
    OF_WHAT,
    SPAN,
    find,
    in_content,
    office,
    with_context,
)

DESCRIBED_BY_OFFICE = 0.85  # the office names its country or organisation, and one person held it then
DESCRIBED_BY_ROLE = 0.75  # the article gave one person that role before
DESCRIBED_BARE = 0.65  # "the senator": one person named before holds such an office

DESCRIPTION = rf"{EDGE}[Tt]he\s+(?:{MODIFIERS}){HEADS}(?:{OF_WHAT})?"
FORMER = r"(?i)\b(?:former|ex-?|onetime|one-time|then-?)\b"
# Who may be many in a story, and is meant by "the" only once the article has given one person that role.
COMMON = (
    "analyst|aide|adviser|candidate|professor|attorney|lawyer|judge|prosecutor|editor|columnist|correspondent|founder|"
    "cofounder|economist|pollster|pastor|activist|operative|consultant|senior fellow|diplomat|historian|owner|actor|"
    "actress|author|general|colonel|king|queen|prince|princess|leader|head|chief|manager|spokesman|spokeswoman|"
    "spokesperson|strategist|director|minister|secretary|coach|commander"
)
# Who a country's leader may be.
LEADERS = ["president", "prime minister", "chancellor", "leader", "supreme leader"]


def resolve_descriptions(
    articles: pl.DataFrame,
    statements: pl.DataFrame,
    named: pl.DataFrame,
    roles: pl.DataFrame,
    look_up: LookUp,
) -> pl.DataFrame:
    """One row per description that means one person: by an office of the gazetteer, or by a role of the article."""
    described = (
        find(articles, DESCRIPTION)
        .join(named, on=SPAN, how="anti")
        .pipe(with_context, articles)
        # Before a name it is a title, before "aide" a modifier, and "presidential" is no president.
        .filter(~pl.col("after").str.contains(r"^\s+(?:\p{Lu}|aide|adviser|campaign|spokes)|^[-\p{L}]"))
        .with_columns(
            role=pl.col("text").str.replace(r"^[Tt]he\s+", ""),
            is_former=pl.col("text").str.contains(FORMER),
            is_possessive=pl.col("after").str.contains(r"^['’]s"),
        )
        .with_columns(office=office(pl.col("role")))
        .filter(pl.col("office").is_not_null())
        .drop("before", "after")
    )
    inside = (
        described.select(SPAN)
        .join(named.select(*ARTICLE, "type", of_start="start", of_end="end", of="entity_id"), on=ARTICLE)
        .filter(pl.col("of_start") >= pl.col("start"), pl.col("of_end") <= pl.col("end"))
    )
    # "the Clinton adviser" is someone's: only countries, places and organisations tell whose an office is.
    someones = inside.filter(pl.col("type") == "PER").select(SPAN).unique()
    described = described.join(someones, on=SPAN, how="anti")
    of = inside.select(*SPAN, "of").unique()
    first = named.filter(pl.col("type") == "PER").group_by(*ARTICLE, "entity_id").agg(since=pl.col("start").min())

    by_office = _by_office(articles, described, of, named, first, look_up)
    by_role = _by_role(described, of, roles, first, named)
    return (
        pl.concat([by_office, by_role], how="diagonal")
        .sort(*SPAN, "probability", descending=[False] * 4 + [True])
        .unique(SPAN, keep="first", maintain_order=True)
        .join(described.select(*SPAN, "text", "is_possessive"), on=SPAN)
        .pipe(in_content, statements)
        .with_columns(
            method=pl.lit("description"),
            key=key(pl.col("text")),
            label=pl.col("text"),
        )
    )


def _by_office(
    articles: pl.DataFrame,
    described: pl.DataFrame,
    of: pl.DataFrame,
    named: pl.DataFrame,
    first: pl.DataFrame,
    look_up: LookUp,
) -> pl.DataFrame:
    """Who held the office on the day of publication; of several, the one named before; a bare office needs one."""
    said = described.join(of, on=SPAN).with_columns(is_bare=pl.lit(False))
    bare = (
        described.join(of, on=SPAN, how="anti")
        .filter(~pl.col("office").str.contains(rf"^(?:{COMMON})$"), ~pl.col("role").str.contains(r"\s(?:of|for|at)\s"))
        .join(_places(named, look_up), on=ARTICLE)
        .with_columns(is_bare=pl.lit(True))
    )
    asked = (
        pl.concat([said, bare], how="diagonal")
        .with_columns(
            pl.when(pl.col("office") == "leader").then(LEADERS).otherwise(pl.concat_list("office")).alias("office")
        )
        .explode("office", empty_as_null=False, keep_nulls=False)
        .with_columns(office_key=office_key(pl.col("office"), pl.col("of")))
    )
    held = look_up(asked["office_key"]).filter(pl.col("via") == "office")
    held = held.select(office_key="key", starts_on="starts_on", ends_on="ends_on", **{c: pl.col(c) for c in ENTITY})
    on = pl.col("published_on")
    began = pl.col("starts_on").is_null() | (pl.col("starts_on") <= on)
    ended = (pl.col("ends_on") < on).fill_null(False)
    return (
        asked.join(held, on="office_key")
        .join(articles.select(*ARTICLE, "published_on"), on=ARTICLE)
        .filter(began & (ended == pl.col("is_former")))
        .join(first, on=[*ARTICLE, "entity_id"], how="left")
        .with_columns(is_named=(pl.col("since") < pl.col("start")).fill_null(False))
        .filter(~(pl.col("is_bare") | pl.col("is_former")) | pl.col("is_named"))
        # Of two senators the one whom the article names.
        .filter(pl.col("is_named") == pl.col("is_named").max().over(SPAN))
        .filter(pl.col("entity_id").n_unique().over(SPAN) == 1)
        .unique(SPAN, keep="first", maintain_order=True)
        .select(
            *SPAN,
            *ENTITY,
            probability=pl.when("is_bare").then(DESCRIBED_BARE).otherwise(DESCRIBED_BY_OFFICE),
        )
    )


def _places(named: pl.DataFrame, look_up: LookUp) -> pl.DataFrame:
    """The countries, places and organisations of which an article may mean a bare office: those of whom it names."""
    related = (
        look_up(named["key"])
        .filter(pl.col("via") == "name")
        .select("entity_id", of="related")
        .explode("of", empty_as_null=False, keep_nulls=False)
        .unique()
    )
    persons = named.filter(pl.col("type") == "PER").select(*ARTICLE, "entity_id").unique()
    return persons.join(related, on="entity_id").select(*ARTICLE, "of").unique()


def _by_role(
    described: pl.DataFrame, of: pl.DataFrame, roles: pl.DataFrame, first: pl.DataFrame, named: pl.DataFrame
) -> pl.DataFrame:
    """The one person whom the article has given such a role before, of what the description says it is."""
    given = roles.select(
        *ARTICLE,
        "office",
        "entity_id",
        given_role="role",
        given_former="is_former",
        given_at="start",
        given_of=pl.concat_list("organisation_id", "country_id").list.drop_nulls(),
    )
    wanted = described.join(of.group_by(SPAN).agg(pl.col("of").sort()), on=SPAN, how="left").with_columns(
        pl.col("of").fill_null([])
    )
    entities = named.group_by(*ARTICLE, "entity_id").agg(
        pl.col("name", "type", "wikidata_id", "gender").sort_by("start").first()
    )
    is_of = pl.col("role").str.contains(r"\s(?:of|for|at|to|in|with|from)\s")
    fits = (
        ((pl.col("of").list.len() == 0) & ~is_of)
        | (pl.col("of").list.set_intersection("given_of").list.len() > 0)
        | (pl.col("role") == pl.col("given_role"))
    )
    return (
        wanted.join(given, on=[*ARTICLE, "office"])
        .filter(pl.col("given_at") < pl.col("start"), pl.col("given_former") == pl.col("is_former"), fits)
        .filter(pl.col("entity_id").n_unique().over(SPAN) == 1)
        .unique(SPAN, keep="first", maintain_order=True)
        .join(entities, on=[*ARTICLE, "entity_id"])
        .select(*SPAN, *ENTITY, probability=pl.lit(DESCRIBED_BY_ROLE))
    )

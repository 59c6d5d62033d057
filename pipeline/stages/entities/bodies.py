"""Bodies that are called by a name beside them: "the Lund campaign", "Iraqi police", "parliament of Sarvia"."""

from __future__ import annotations

import polars as pl

from pipeline.languages import bodies
from pipeline.names import LookUp, key, own_id
from pipeline.stages.entities.text import ARTICLE, EDGE, SPAN, TITLE, any_of, find, one_of, place_of

BODY = 0.8  # "the Lund campaign", "Iraqi police"
BODY_ALONE = 0.65  # "the campaign", "the police", in an article that speaks of one

# The lists of `names.toml`: people's bodies are called by the one at their head, places' by their country or town.
OF_PERSONS, OF_PLACES = "of_persons", "of_places"


def resolve_bodies(
    articles: pl.DataFrame, statements: pl.DataFrame, named: pl.DataFrame, look_up: LookUp
) -> pl.DataFrame:
    """One row per body that is called by the name of a person or place, and per speaker "the campaign"."""
    persons = named.filter(pl.col("type") == "PER").with_columns(whose="name")
    # "Iraqi police", and "Sarvia's", are called as the text calls them.
    places = named.filter(pl.col("type") == "LOC").with_columns(whose=pl.col("label").str.replace(r"['’]s?$", ""))
    called = pl.concat(
        [_called(persons, OF_PERSONS), _called(places.filter(~pl.col("is_metonym")), OF_PLACES)], how="diagonal"
    ).select(*SPAN, "statement_id", "name", "body", probability=pl.lit(BODY))
    only = (
        called.group_by(*ARTICLE, "body")
        .agg(pl.col("name").first(), n=pl.col("name").n_unique(), since=pl.col("start").min())
        .filter(pl.col("n") == 1)
    )
    spoken = statements.select(*ARTICLE, start="speaker_start", end="speaker_end").unique()
    alone = (
        find(articles, rf"(?i){EDGE}(?:the\s+)?{_words(OF_PERSONS, OF_PLACES)}{EDGE}")
        .join(spoken, on=SPAN, how="semi")
        .with_columns(body=_canonical(pl.col("text").str.replace(r"^(?i)the\s+", ""), OF_PERSONS, OF_PLACES))
        .join(only, on=[*ARTICLE, "body"])
        .filter(pl.col("since") < pl.col("start"))
        .select(*SPAN, "name", "body", probability=pl.lit(BODY_ALONE))
    )
    organisation = pl.lit("ORG", named.schema["type"])
    found = (
        pl.concat([called, alone], how="diagonal")
        .unique(SPAN, keep="first", maintain_order=True)
        .with_columns(key=key(pl.col("name")))
    )
    known = (
        look_up(found["key"])
        .filter(pl.col("via") == "name", pl.col("type") == "ORG")
        .filter(pl.col("entity_id").n_unique().over("key") == 1)
        .unique("key", keep="first", maintain_order=True)
        .select("key", known_id="entity_id", known_name="name", wikidata_id="wikidata_id")
    )
    return (
        found.join(known, on="key", how="left", maintain_order="left")
        .with_columns(
            entity_id=pl.coalesce("known_id", own_id(organisation, pl.col("key"))),
            label=pl.col("name"),
            text=pl.col("name"),
            name=pl.coalesce("known_name", "name"),
            type=organisation,
            method=pl.lit("description"),
            is_possessive=pl.lit(False),
        )
        .drop("body", "known_id", "known_name")
    )


def _called(owners: pl.DataFrame, kind: str) -> pl.DataFrame:
    """The bodies behind and before the owners' names, from their first word to their last."""
    words = _words(kind)
    behind = rf"^(?i:(?:['’]s?)?\s+(?:{one_of('adjectives_of_bodies')}\s+)?({words}){EDGE})"
    before = rf"(?i){EDGE}({words}\s+(?-i:of)\s+(?:{TITLE})*)$"
    after = owners.with_columns(found=pl.col("after").str.extract(behind)).filter(pl.col("found").is_not_null())
    after = after.with_columns(
        end=pl.col("end") + place_of(pl.col("found"), "after", literal=True) + pl.col("found").str.len_chars()
    )
    ahead = owners.with_columns(found=pl.col("before").str.extract(before)).filter(pl.col("found").is_not_null())
    ahead = ahead.with_columns(
        start=pl.col("start") - pl.col("found").str.len_chars(),
        found=pl.col("found").str.extract(rf"^(?i:({words}))"),
    )
    return (
        pl.concat([after, ahead], how="diagonal")
        .with_columns(body=_canonical(pl.col("found"), kind))
        .with_columns(name=pl.concat_str("whose", "body", separator=" "))
    )


def resolve_possessed_bodies(statements: pl.DataFrame, resolved: pl.DataFrame) -> pl.DataFrame:
    """One row per speaker "his campaign", where it is told whose."""
    whose = resolved.filter(pl.col("method") == "pronoun").select(*ARTICLE, "start", "name", "probability")
    organisation = pl.lit("ORG", resolved.schema["type"])
    words = rf"^(?i)(?:his|her)\s+(?:own\s+)?(?:{one_of('adjectives_of_bodies')}\s+)?({_words(OF_PERSONS)})$"
    return (
        statements.select(*ARTICLE, start="speaker_start", end="speaker_end", body=pl.col("speaker").str.extract(words))
        .filter(pl.col("body").is_not_null())
        .unique(SPAN)
        .join(whose, on=[*ARTICLE, "start"])
        .with_columns(name=pl.concat_str("name", _canonical(pl.col("body"), OF_PERSONS), separator=" "))
        .select(
            *SPAN,
            "name",
            entity_id=own_id(organisation, key(pl.col("name"))),
            type=organisation,
            method=pl.lit("description"),
            probability=pl.col("probability") * BODY,
        )
    )


def _canonical(words: pl.Expr, *kinds: str) -> pl.Expr:
    """One word for each body: "camp" and "team" are the campaign."""
    known = {word: body for kind in kinds for word, body in bodies(kind).items()}
    return words.str.to_lowercase().replace_strict(known, default=None, return_dtype=pl.String)


def _words(*kinds: str) -> str:
    return any_of({word for kind in kinds for word in bodies(kind)})

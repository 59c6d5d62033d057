"""The roles that an article gives people: before the name, after it, or in so many words."""

from __future__ import annotations

import dataframely as dy
import polars as pl

from pipeline.schemas import Roles
from pipeline.stages.entities.text import ARTICLE, HEADS, MODIFIERS, OF_WHAT, SPAN, office, place_of

BEFORE = rf"(?:^|[\s(“\"‘'—–-])((?:{MODIFIERS}){HEADS}(?:[ -]elect)?),?\s+$"
_WHOSE = rf"(?:(?:the|a|an|one of the|his|her)\s+)?((?:{MODIFIERS}){HEADS}(?:{OF_WHAT})?)"
_END = r"(?:[,.;:)—–]|\s+\(|\s+(?:and|who|said|says|told|whose|wrote|in|on|at|under|from|during|since)\b|$)"
APPOSED = rf"^(?:\s+\([^)]*\))?,\s+(?:(?:who|which)\s+(?:is|was|serves as|served as)\s+)?{_WHOSE}{_END}"
_BEING = r"(?:is|was|became|becomes|serves as|served as|has been)"
COPULA = rf"^,?\s+{_BEING}\s+(?:now\s+)?(?:the|a|an)\s+((?:{MODIFIERS}){HEADS}(?:{OF_WHAT})?)(?:[,.;:)—–\s]|$)"
FORMER = r"(?i)\b(?:former|ex-?|then-?|onetime|one-time)\b"
# How sure a role is the person's, by where it stands: judged by reading, not yet calibrated.
SURE = {"before": 0.95, "apposed": 0.9, "copula": 0.85}


def find_roles(articles: pl.DataFrame, named: pl.DataFrame) -> dy.DataFrame[Roles]:
    """One row per role and person. Of what country or organisation it is, the names inside its words tell."""
    persons = named.filter(pl.col("type") == "PER", pl.col("method") != "ambiguous")
    # A span may hold its own title: "President Vladimir Putin".
    lead = place_of(pl.col("label"), "text", literal=True).fill_null(0)
    persons = persons.with_columns(name_start=pl.col("start") + lead).with_columns(
        before=pl.col("before") + pl.col("text").str.slice(0, lead)
    )
    role_before = pl.col("before").str.extract(BEFORE)
    gap = pl.col("before").str.extract(r"(,?\s+)$").str.len_chars()
    apposed, copula = pl.col("after").str.extract(APPOSED), pl.col("after").str.extract(COPULA)
    places = [
        persons.with_columns(role=role_before, place=pl.lit("before")).with_columns(
            start=pl.col("name_start") - gap - pl.col("role").str.len_chars()
        )
    ]
    for place, role in (("apposed", apposed), ("copula", copula)):
        places.append(
            persons.filter(~pl.col("is_possessive"))
            .with_columns(role=role, place=pl.lit(place))
            .with_columns(
                start=pl.col("end") + place_of(pl.col("role"), "after", literal=True),
            )
        )
    roles = (
        pl.concat(
            frame.filter(pl.col("role").is_not_null()).select(
                *ARTICLE, "start", "role", "place", "entity_id", "name", "probability", "before"
            )
            for frame in places
        )
        .with_columns(end=pl.col("start") + pl.col("role").str.len_chars(), office=office(pl.col("role")))
        .filter(pl.col("office").is_not_null())
    )
    inside = (
        roles.select(*SPAN, "entity_id")
        .join(
            named.select(*ARTICLE, "type", of_start="start", of_end="end", of_id="entity_id", of="name"),
            on=ARTICLE,
        )
        .filter(
            pl.col("of_start") >= pl.col("start"),
            pl.col("of_end") <= pl.col("end") + 2,
            pl.col("of_id") != pl.col("entity_id"),
        )
        .sort("of_start", "of_end")
        .group_by(*SPAN, "entity_id", maintain_order=True)
        .agg(
            **{
                name: pl.col(column).filter(pl.col("type") == kind).first()
                for kind, what in (("ORG", "organisation"), ("LOC", "country"), ("PER", "person"))
                for name, column in ((f"{what}_id", "of_id"), (what, "of"))
            }
        )
    )
    return (
        roles.join(inside, on=[*SPAN, "entity_id"], how="left")
        .join(articles.select(*ARTICLE, "published_on"), on=ARTICLE)
        .with_columns(
            is_former=pl.col("role").str.contains(FORMER),
            probability=pl.col("probability") * pl.col("place").replace_strict(SURE, return_dtype=pl.Float64),
        )
        .sort(*SPAN, "entity_id", "probability", descending=[False] * 5 + [True])
        .unique([*SPAN, "entity_id"], keep="first", maintain_order=True)
        .select(Roles.column_names())
        .pipe(Roles.validate, cast=True)
    )

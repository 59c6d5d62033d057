"""Which entity each mention, speaker, description and pronoun refers to, and the roles that articles give people.

Within an article names are chained: full name, surname, acronym; across articles a name is looked up among the known
entities, else it gets an id of its own from its letters alone, so that neither the order of days nor other articles
change it. What is not sure is left apart rather than guessed: precision first.
"""

from __future__ import annotations

import dataframely as dy
import polars as pl
import polars.selectors as cs

from pipeline.names import LookUp
from pipeline.schemas import Articles, Entities, Mentions, References, Roles, Statements
from pipeline.stages.entities.bodies import resolve_bodies, resolve_possessed_bodies
from pipeline.stages.entities.descriptions import resolve_descriptions
from pipeline.stages.entities.metonyms import mark_metonyms
from pipeline.stages.entities.modifiers import mark_modifiers
from pipeline.stages.entities.names import name_spans, resolve_names
from pipeline.stages.entities.pronouns import resolve_first_persons, resolve_pronouns, resolve_relatives
from pipeline.stages.entities.references import resolve_references
from pipeline.stages.entities.roles import find_roles
from pipeline.stages.entities.speakers import resolve_speakers
from pipeline.stages.entities.text import SPAN


def resolve_entities(
    articles: dy.DataFrame[Articles],
    mentions: dy.DataFrame[Mentions],
    statements: dy.DataFrame[Statements],
    references: dy.DataFrame[References],
    look_up: LookUp,
) -> tuple[dy.DataFrame[Entities], dy.DataFrame[Roles]]:
    """Every span that refers to someone who can be told, and every role that the article gives a person.

    Spans are mentions, names that the reader passed over, speakers, descriptions and pronouns. A speaker that is only
    described ("two aides") and a pronoun without a sure person have no row. `look_up` is called a few times, with all
    the keys of a day.
    """
    spans = name_spans(articles, mentions, statements, look_up)
    named = mark_metonyms(resolve_names(articles, spans, look_up), statements, look_up)
    roles = find_roles(articles, named)
    descriptions = resolve_descriptions(articles, statements, named, roles, look_up)
    bodies = resolve_bodies(articles, statements, named, look_up)
    resolved = pl.concat([named, descriptions, bodies], how="diagonal").unique(SPAN, keep="first", maintain_order=True)
    speakers = resolve_speakers(statements, resolved)
    pronouns = resolve_pronouns(articles, statements, resolved, speakers)
    relatives = resolve_relatives(articles, statements, resolved)
    columns = Entities.column_names()

    def one(*frames: pl.DataFrame) -> pl.DataFrame:
        wanted = (frame.select(cs.by_name(columns, require_all=False)) for frame in frames)
        return pl.concat(wanted, how="diagonal").unique(SPAN, keep="first", maintain_order=True)

    told = one(resolved, speakers, pronouns, relatives)
    linked = resolve_references(references, told)
    # Again, now that it is told whom descriptions mean: "the U.N. envoy" speaks.
    heads = pl.concat([resolved, linked], how="diagonal").unique(SPAN, keep="first", maintain_order=True)
    told = one(told, linked, resolve_speakers(statements, heads))
    entities = (
        one(told, resolve_first_persons(statements, told), resolve_possessed_bodies(statements, told))
        .with_columns(pl.col("is_metonym").fill_null(False))
        .pipe(mark_modifiers, articles)
        .select(columns)
        .sort(SPAN)
        .pipe(Entities.validate, cast=True)
    )
    return entities, roles

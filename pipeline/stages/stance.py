"""Where they stand: each speaker toward the entities and issues that their statements speak of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import dataframely as dy
import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.labels import CONTEXT, ISSUE_FROM, ISSUE_REACH, issue_passage, likeliest
from pipeline.languages import nobody
from pipeline.schemas import Articles, Entities, Stances, Statements
from pipeline.settings import Issue

ARTICLE: Final = ["day", "article_id"]
STATEMENT: Final = [*ARTICLE, "statement_id"]
SIDES: Final = ["against", "neutral", "favour"]
# A statement less likely than this names no side. Chosen with the thresholds of sides (docs/stance.md).
SURE_STATEMENT = 0.3
# A name that stands beside what is said ("Ode, who beat Lund, said") is a target from this much of a side on.
BESIDE = 0.5
# No side is held to be less likely than this where the places that mean one entity are put together.
UNLIKELY = 1e-6

Stance = Callable[[list[str], list[str]], npt.NDArray[np.float32]]
"""(n passages, n propositions) to an array (n, 3) of probabilities: against, neutral, favour."""


def score_stance(
    articles: dy.DataFrame[Articles],
    statements: dy.DataFrame[Statements],
    entities: dy.DataFrame[Entities],
    issues: tuple[Issue, ...],
    stance: Stance,
) -> dy.DataFrame[Stances]:
    """One row per statement and what it speaks of: the entities that it names, describes or means by a pronoun, and the
    issues that it may be about.

    The holder is the statement's speaker; a speaker without an entity holds under the words of its span, and a
    statement without a speaker span, or with a mere "they" for one, has no holder and no row. Nobody has a row toward
    themselves. `stance` is called once, with every passage that may be about an issue.
    """
    held = _with_holder(articles, statements, entities)
    rows = pl.concat([_toward_entities(held, entities), _toward_issues(held, issues, stance)], how="diagonal_relaxed")
    return (
        rows.filter(pl.col("holder_id").ne_missing(pl.col("target_id")))
        .with_columns(
            stance_id=pl.concat_str("statement_id", "target_kind", "target_id", separator="/"),
            stance=pl.when(pl.col("probability") >= SURE_STATEMENT).then(
                pl.when(pl.col("target_kind") == "entity")
                .then(likeliest("against", "neutral", "favour"))
                .otherwise(likeliest("against", "neutral", "favour", ISSUE_FROM))
            ),
            evidence=pl.col("body").str.slice(
                pl.col("evidence_start"), pl.col("evidence_end") - pl.col("evidence_start")
            ),
        )
        .select(Stances.column_names())
        .sort("day", "stance_id")
        .pipe(Stances.validate, cast=True)
    )


def _with_holder(articles: pl.DataFrame, statements: pl.DataFrame, entities: pl.DataFrame) -> pl.DataFrame:
    """The statements that someone makes, with their holder and article."""
    return (
        statements.filter(pl.col("speaker").is_not_null())
        .join(
            entities.select(*ARTICLE, speaker_start="start", speaker_end="end", holder_id="entity_id", holder="name"),
            on=[*ARTICLE, "speaker_start", "speaker_end"],
            how="left",
        )
        .with_columns(holder=pl.coalesce("holder", "speaker"))
        .filter(pl.col("holder_id").is_not_null() | ~pl.col("holder").str.to_lowercase().is_in(sorted(nobody())))
        .join(articles.select(*ARTICLE, "body", "published_on"), on=ARTICLE)
    )


def _pieces(held: pl.DataFrame) -> pl.DataFrame:
    """One row per content span of a statement."""
    return (
        held.select(*STATEMENT, "content")
        .explode("content", empty_as_null=False, keep_nulls=False)
        .select(
            *STATEMENT,
            evidence_start=pl.col("content").struct.field("start"),
            evidence_end=pl.col("content").struct.field("end"),
        )
    )


def _toward_entities(held: pl.DataFrame, entities: pl.DataFrame) -> pl.DataFrame:
    """One row per statement and entity: the sides that the reader saw at each place that means the entity, put together
    by the weight that it gave each place.

    The evidence is the content span that holds the weightiest place, else the first.
    """
    targets = _resolved(
        held.select(*STATEMENT, "targets").explode("targets", empty_as_null=False, keep_nulls=False).unnest("targets"),
        entities,
    )
    pieces = _pieces(held)
    inside = (
        targets.select(*STATEMENT, "start")
        .unique()
        .join(pieces, on=STATEMENT)
        .filter(pl.col("start").is_between("evidence_start", "evidence_end", closed="left"))
        .unique([*STATEMENT, "start"], keep="first", maintain_order=True)
    )
    first = pieces.unique(STATEMENT, keep="first", maintain_order=True)
    weight = (pl.col("weight") - pl.col("weight").max()).cast(pl.Float64).exp()
    logs = [(pl.col(side).cast(pl.Float64).clip(UNLIKELY).log() * weight).sum() / weight.sum() for side in SIDES]
    heaviest = pl.col("weight").arg_max()
    together = pl.sum_horizontal(pl.col(side).exp() for side in SIDES)
    return (
        targets.join(inside, on=[*STATEMENT, "start"], how="left")
        .sort(*STATEMENT, "start", "end")
        .group_by(*STATEMENT, target_id="entity_id", maintain_order=True)
        .agg(
            *(score.alias(side) for side, score in zip(SIDES, logs, strict=True)),
            target=pl.col("name").first(),
            is_said=pl.col("evidence_start").is_not_null().any(),
            evidence_start=pl.col("evidence_start").get(heaviest),
            evidence_end=pl.col("evidence_end").get(heaviest),
        )
        .with_columns(pl.col(side).exp() / together for side in SIDES)
        .filter(pl.col("is_said") | (pl.max_horizontal("against", "favour") >= BESIDE))
        .join(first, on=STATEMENT, suffix="_first")
        .with_columns(pl.coalesce(edge, f"{edge}_first").alias(edge) for edge in ("evidence_start", "evidence_end"))
        .with_columns(target_kind=pl.lit("entity"))
        .join(held.select(*STATEMENT, "holder_id", "holder", "body", "reader", "probability"), on=STATEMENT)
    )


def _resolved(targets: pl.DataFrame, entities: pl.DataFrame) -> pl.DataFrame:
    """The targets with the entity of their span, or of a longer span that they begin: "Lund" of "the Lund campaign" is
    the campaign."""
    spans = entities.select(*ARTICLE, "start", "end", "entity_id", "name")
    longer = (
        spans.rename({"end": "end_span"}).sort("end_span").unique([*ARTICLE, "start"], keep="last", maintain_order=True)
    )
    return (
        targets.join(longer, on=[*ARTICLE, "start"], how="left", maintain_order="left")
        .join(spans, on=[*ARTICLE, "start", "end"], how="left", suffix="_own", maintain_order="left")
        .with_columns(is_longer=(pl.col("end_span") > pl.col("end")).fill_null(False))
        .with_columns(
            pl.when("is_longer").then(name).otherwise(f"{name}_own").alias(name) for name in ("entity_id", "name")
        )
        .filter(pl.col("entity_id").is_not_null())
        .drop("end_span", "entity_id_own", "name_own", "is_longer")
    )


def _toward_issues(held: pl.DataFrame, issues: tuple[Issue, ...], stance: Stance) -> pl.DataFrame:
    """One row per statement and issue that is named in the statement or shortly before it."""
    start = pl.min_horizontal("speaker_start", "cue_start", pl.col("content").list.first().struct.field("start"))
    end = pl.col("content").list.last().struct.field("end")
    reach = pl.max_horizontal(start - ISSUE_REACH, 0)
    near = pl.col("body").str.slice(reach, pl.max_horizontal(end - reach, 0))
    candidates = []
    for issue in issues:
        named = _named(issue)
        in_time = pl.lit(True)
        if issue.starts_on:
            in_time &= pl.col("published_on") >= issue.starts_on
        if issue.ends_on:
            in_time &= pl.col("published_on") <= issue.ends_on
        articles = held.select(*ARTICLE, "body").unique(ARTICLE).filter(pl.col("body").str.contains(named))
        candidates.append(
            held.filter(in_time)
            .join(articles.select(ARTICLE), on=ARTICLE, how="semi")  # cheap, and leaves few
            .filter(near.str.contains(named))
            .with_columns(
                target_kind=pl.lit("issue"),
                target_id=pl.lit(issue.id),
                target=pl.lit(issue.name),
                proposition=pl.lit(issue.proposition),
                named=pl.lit(named),
            )
        )
    rows = pl.concat(candidates).sort(*STATEMENT, "target_id") if candidates else held.clear()
    if rows.is_empty():
        return rows.select("day", "article_id", "statement_id", "holder_id", "holder", "body", "reader", "probability")
    before = pl.col("body").str.slice(pl.max_horizontal(start - CONTEXT, 0), pl.min_horizontal(start, CONTEXT))
    words = rows.select("holder", "cue", "text", before=before).iter_rows()
    scores = stance([issue_passage(*row) for row in words], rows["proposition"].to_list()).astype(np.float64)
    return (
        rows.with_columns(**{side: scores[:, i] for i, side in enumerate(SIDES)})
        .drop("targets")
        .join(_pieces(rows).unique(), on=STATEMENT)
        .with_columns(
            piece=pl.col("body").str.slice(pl.col("evidence_start"), pl.col("evidence_end") - pl.col("evidence_start"))
        )
        # The content span that names the issue, else the longest.
        .sort(
            *STATEMENT,
            "target_id",
            pl.col("piece").str.contains(pl.col("named")),
            pl.col("piece").str.len_chars(),
            "evidence_start",
            descending=[False] * 4 + [True, True, False],
        )
        .unique([*STATEMENT, "target_id"], keep="first", maintain_order=True)
    )


def _named(issue: Issue) -> str:
    """A pattern of the issue's name and aliases, as whole words in any case, over line breaks too."""
    words = (
        r"\b" * name[0].isalnum() + pl.escape_regex(name).replace(" ", r"\s+") + r"\b" * name[-1].isalnum()
        for name in sorted({issue.name, *issue.aliases} - {""})
    )
    return f"(?i:{'|'.join(words)})"

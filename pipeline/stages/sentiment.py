"""How the outlet's own voice treats the entities of its articles."""

from __future__ import annotations

from typing import Final

import dataframely as dy
import polars as pl

from pipeline.schemas import Entities, Mentions, Sentiments

ARTICLE: Final = ["day", "article_id"]
# Below this no polarity is likelier than the others together, and naming one would be a guess.
LABEL_FROM = 0.5


def score_sentiment(mentions: dy.DataFrame[Mentions], entities: dy.DataFrame[Entities]) -> dy.DataFrame[Sentiments]:
    """The outlet's own polarity toward each entity of an article: mentions inside a statement do not count.

    The mean over the mentions; an entity that only speakers name has no row.
    """
    own = pl.col("statement_id").is_null()
    top = pl.max_horizontal("negative", "neutral", "positive")
    return (
        mentions.join(
            entities.select(*ARTICLE, "start", "end", "entity_id", "name", entity_type="type"),
            on=[*ARTICLE, "start", "end"],
        )
        .with_columns(all_mentions=pl.len().over(ARTICLE))
        .sort(*ARTICLE, "start")
        .group_by(*ARTICLE, "entity_id", maintain_order=True)
        .agg(
            pl.col("name", "reader").first(),
            pl.col("entity_type").first().alias("type"),
            pl.col("negative", "neutral", "positive").cast(pl.Float64).filter(own).mean(),
            mentions=own.sum(),
            mentions_quoted=(~own).sum(),
            mention_share=pl.len() / pl.col("all_mentions").first(),
            first_start=pl.col("start").filter(own).first(),
            first_end=pl.col("end").filter(own).first(),
        )
        .filter(pl.col("mentions") > 0)
        .with_columns(
            sentiment=pl.when(top < LABEL_FROM)
            .then(None)
            .when(pl.col("negative") == top)
            .then(pl.lit("negative"))
            .when(pl.col("positive") == top)
            .then(pl.lit("positive"))
            .otherwise(pl.lit("neutral"))
        )
        .select(Sentiments.column_names())
        .sort(*ARTICLE, "entity_id")
        .pipe(Sentiments.validate, cast=True)
    )

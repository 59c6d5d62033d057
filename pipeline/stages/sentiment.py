"""How the outlet's own voice treats the entities of its articles, and the tone of each article."""

from __future__ import annotations

from typing import Final

import dataframely as dy
import polars as pl

from pipeline.labels import VOICE_FROM, likeliest
from pipeline.names import key
from pipeline.schemas import Articles, Entities, Headlines, Mentions, Sentiments, Statements, Tones

ARTICLE: Final = ["day", "article_id"]
# Characters that the first paragraph has at most, where it is a lead: some sites give the whole story as one.
LEAD = 500
# An entity with a smaller share of an article's mentions, out of headline and lead, is no subject of it.
PASSING = 0.1


def score_sentiment(
    articles: dy.DataFrame[Articles],
    mentions: dy.DataFrame[Mentions],
    entities: dy.DataFrame[Entities],
    headlines: dy.DataFrame[Headlines],
) -> dy.DataFrame[Sentiments]:
    """The outlet's own polarity toward each entity of an article: mentions inside a statement do not count.

    The mean over the mentions, but for those that only say where or which; an entity that only speakers name has no
    row. A mention of the headline is the entity's that goes by the same words in the article.
    """
    own = pl.col("statement_id").is_null()
    in_lead = own & (pl.col("start") < pl.col("lead"))
    score = (pl.col("positive") - pl.col("negative")).cast(pl.Float64)
    named = mentions.join(
        entities.filter(~pl.col("is_modifier")).select(
            *ARTICLE, "start", "end", "entity_id", "name", entity_type="type"
        ),
        on=[*ARTICLE, "start", "end"],
    )
    length = pl.col("body").str.len_chars().cast(pl.Int64)
    lead = pl.col("body").str.extract(r"^([^\n]*)").str.len_chars().cast(pl.Int64)
    lengths = articles.select(*ARTICLE, length=length, lead=pl.min_horizontal(lead, LEAD))
    return (
        named.join(lengths, on=ARTICLE)
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
            lead_mentions=in_lead.sum(),
            lead_score=score.filter(in_lead).mean(),
            first_start=pl.col("start").filter(own).first(),
            first_end=pl.col("end").filter(own).first(),
            first_share=pl.col("start").first() / pl.col("length").first(),
        )
        .filter(pl.col("mentions") > 0)
        .join(_in_headlines(headlines, named), on=[*ARTICLE, "entity_id"], how="left")
        .with_columns(
            pl.col("headline_mentions").fill_null(0), sentiment=likeliest("negative", "neutral", "positive", VOICE_FROM)
        )
        .with_columns(
            is_passing=(pl.col("headline_mentions") == 0)
            & (pl.col("lead_mentions") == 0)
            & (pl.col("mention_share") < PASSING)
        )
        .select(Sentiments.column_names())
        .sort(*ARTICLE, "entity_id")
        .pipe(Sentiments.validate, cast=True)
    )


def _in_headlines(headlines: pl.DataFrame, named: pl.DataFrame) -> pl.DataFrame:
    """How often a headline names each entity of its article in the outlet's voice, and how it treats it there."""
    called = key(pl.col("text").str.replace(r"['’]s?$", ""))
    names = (
        named.select(*ARTICLE, "entity_id", key=called)
        .group_by(*ARTICLE, "key", "entity_id")
        .len()
        .sort(*ARTICLE, "key", "len", "entity_id", descending=[False, False, False, True, False])
        .unique([*ARTICLE, "key"], keep="first", maintain_order=True)
    )
    return (
        headlines.filter(~pl.col("is_quoted"))
        .with_columns(key=called)
        .join(names, on=[*ARTICLE, "key"])
        .sort(*ARTICLE, "start")
        .group_by(*ARTICLE, "entity_id", maintain_order=True)
        .agg(headline_mentions=pl.len(), headline_score=(pl.col("positive") - pl.col("negative")).mean())
    )


def score_tone(
    articles: dy.DataFrame[Articles], mentions: dy.DataFrame[Mentions], statements: dy.DataFrame[Statements]
) -> dy.DataFrame[Tones]:
    """The tone of every article that has a mention, in the outlet's own voice and in the voices that it quotes."""
    own = pl.col("statement_id").is_null()
    score = (pl.col("positive") - pl.col("negative")).cast(pl.Float64)
    said = statements.group_by(ARTICLE).agg(said=pl.col("text").str.len_chars().sum())
    return (
        mentions.sort(*ARTICLE, "start")
        .group_by(ARTICLE, maintain_order=True)
        .agg(
            pl.col("reader").first(),
            mentions=own.sum(),
            mentions_quoted=(~own).sum(),
            tone=score.filter(own).mean(),
            tone_quoted=score.filter(~own).mean(),
        )
        .join(articles.select(*ARTICLE, length=pl.col("body").str.len_chars()), on=ARTICLE)
        .join(said, on=ARTICLE, how="left")
        .with_columns(quoted_share=pl.min_horizontal(pl.col("said").fill_null(0) / pl.col("length"), 1.0))
        .select(Tones.column_names())
        .sort(ARTICLE)
        .pipe(Tones.validate, cast=True)
    )

"""Read articles: the mentions and statements of each, by one pass of the reader over its body."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import dataframely as dy
import polars as pl

from pipeline.schemas import Articles, Mentions, Statements

# Articles given to the reader at once: enough for well-filled batches, few enough to bound memory.
TEXTS_AT_ONCE = 64


class Reading(Protocol):
    """What a reader returns; see `pipeline.reader.Reading`."""

    @property
    def mentions(self) -> pl.DataFrame: ...
    @property
    def statements(self) -> pl.DataFrame: ...


class Reader(Protocol):
    """What the stage needs of a reader."""

    @property
    def revision(self) -> str: ...
    @property
    def languages(self) -> tuple[str, ...]: ...
    def read(self, texts: Sequence[str], /) -> Reading: ...


def read_articles(
    articles: dy.DataFrame[Articles], reader: Reader
) -> tuple[dy.DataFrame[Mentions], dy.DataFrame[Statements]]:
    """Mentions and statements of every article in a language of the reader, in the order of article and text."""
    texts = articles.filter(pl.col("language").is_in(list(reader.languages))).sort("article_id")
    parts = [_read(batch, reader) for batch in texts.iter_slices(TEXTS_AT_ONCE)]
    if not parts:
        return Mentions.create_empty(), Statements.create_empty()
    mentions, statements = (pl.concat(frames) for frames in zip(*parts, strict=True))
    return (
        mentions.with_columns(reader=pl.lit(reader.revision)).pipe(Mentions.validate, cast=True),
        statements.with_columns(reader=pl.lit(reader.revision)).pipe(Statements.validate, cast=True),
    )


def _read(articles: pl.DataFrame, reader: Reader) -> tuple[pl.DataFrame, pl.DataFrame]:
    reading = reader.read(articles["body"].to_list())
    keys = articles.select("day", "article_id", "body").with_row_index("index").cast({"index": pl.Int64})
    mentions = (
        reading.mentions.join(keys, left_on="text", right_on="index", maintain_order="left")
        .with_columns(statement_id=_statement_id(), text=_cut("body", "start", "end"))
        .drop("body", "statement")
    )
    statements = (
        reading.statements.join(keys, left_on="text", right_on="index", maintain_order="left")
        .with_columns(
            statement_id=_statement_id(),
            speaker=_cut("body", "speaker_start", "speaker_end"),
            cue=_cut("body", "cue_start", "cue_end"),
        )
        .drop("text", "statement")
    )
    words = (
        statements.select("statement_id", "body", "content")
        .explode("content")
        .unnest("content")
        .group_by("statement_id", maintain_order=True)
        .agg(text=_cut("body", "start", "end").str.join(" … "))
    )
    statements = statements.join(words, on="statement_id", how="left", maintain_order="left").drop("body")
    return mentions, statements


def _statement_id() -> pl.Expr:
    return pl.format("{}-{}", "article_id", pl.col("statement").cast(pl.String).str.zfill(3))


def _cut(text: str, start: str, end: str) -> pl.Expr:
    return pl.col(text).str.slice(pl.col(start), pl.col(end) - pl.col(start))

"""Read articles: the mentions and statements of each, by one pass of the reader over its body and its headline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import dataframely as dy
import polars as pl

from pipeline.schemas import Articles, Headlines, Mentions, References, Statements

# What may stand between a quotation and what it goes on from: marks, or the break of a paragraph, or a full stop after
# words of the outlet that end the sentence before: “…,” she said. “…”
CONTINUES = r"^[”\"]*(?: [^.!?“”\"\n]{0,80}[.!?])?[\s“\"]*$"

# Articles given to the reader at once: enough for well-filled batches, few enough to bound memory.
TEXTS_AT_ONCE = 64


class Reading(Protocol):
    """What a reader returns; see `pipeline.reader.Reading`."""

    @property
    def mentions(self) -> pl.DataFrame: ...
    @property
    def statements(self) -> pl.DataFrame: ...
    @property
    def references(self) -> pl.DataFrame: ...


class Reader(Protocol):
    """What the stage needs of a reader."""

    @property
    def revision(self) -> str: ...
    @property
    def languages(self) -> tuple[str, ...]: ...
    def read(self, texts: Sequence[str], /) -> Reading: ...


def read_articles(
    articles: dy.DataFrame[Articles], reader: Reader
) -> tuple[dy.DataFrame[Mentions], dy.DataFrame[Statements], dy.DataFrame[References], dy.DataFrame[Headlines]]:
    """Mentions, statements and references of every article in a language of the reader, in the order of article and
    text, and the mentions of its headline."""
    texts = articles.filter(pl.col("language").is_in(list(reader.languages))).sort("article_id")
    parts = [_read(batch, reader) for batch in texts.iter_slices(TEXTS_AT_ONCE)]
    if not parts:
        return (
            Mentions.create_empty(),
            Statements.create_empty(),
            References.create_empty(),
            Headlines.create_empty(),
        )
    mentions, statements, references, headlines = (
        pl.concat(frames).with_columns(reader=pl.lit(reader.revision)) for frames in zip(*parts, strict=True)
    )
    return (
        mentions.pipe(Mentions.validate, cast=True),
        statements.pipe(Statements.validate, cast=True),
        references.pipe(References.validate, cast=True),
        headlines.pipe(Headlines.validate, cast=True),
    )


def _read(articles: pl.DataFrame, reader: Reader) -> tuple[pl.DataFrame, ...]:
    reading = reader.read(articles["body"].to_list())
    keys = articles.select("day", "article_id", "body", "title").with_row_index("index").cast({"index": pl.Int64})
    mentions = (
        reading.mentions.join(keys, left_on="text", right_on="index", maintain_order="left")
        .with_columns(statement_id=_statement_id(), text=_cut("body", "start", "end"))
        .drop("body", "title", "statement")
    )
    statements = (
        reading.statements.join(keys, left_on="text", right_on="index", maintain_order="left")
        .with_columns(statement_id=_statement_id())
        .pipe(_continued)
        .with_columns(
            speaker=_cut("body", "speaker_start", "speaker_end"),
            cue=_cut("body", "cue_start", "cue_end"),
        )
        .drop("text", "title", "statement")
    )
    words = (
        statements.select("statement_id", "body", "content")
        .explode("content")
        .unnest("content")
        .group_by("statement_id", maintain_order=True)
        .agg(text=_cut("body", "start", "end").str.join(" … "))
    )
    statements = statements.join(words, on="statement_id", how="left", maintain_order="left").drop("body")
    references = (
        reading.references.join(keys, left_on="text", right_on="index", maintain_order="left")
        .with_columns(text=_cut("body", "start", "end"))
        .drop("body", "title")
    )
    titles = (
        reader.read(articles["title"].to_list())
        .mentions.join(keys, left_on="text", right_on="index", maintain_order="left")
        .with_columns(text=_cut("title", "start", "end"), is_quoted=pl.col("statement").is_not_null())
        .drop("body", "title", "statement")
    )
    return mentions, statements, references, titles


def _continued(statements: pl.DataFrame) -> pl.DataFrame:
    """A quotation that names no speaker goes on from the statement before, where nothing but quotation marks and the
    break of a paragraph stands between the two, or another sentence of the quotation."""
    begin = pl.col("content").list.first().struct.field("start")
    end = pl.col("content").list.last().struct.field("end")
    before = {name: pl.col(name).shift(1).over("text") for name in ("speaker_start", "speaker_end")}
    ended = end.shift(1).over("text")
    between = pl.col("body").str.slice(ended, pl.max_horizontal(begin - ended, 0))
    goes_on = (
        pl.col("speaker_start").is_null()
        & (pl.col("kind") == "direct")
        & (pl.col("kind") != "indirect").shift(1).over("text")
        & between.str.contains(CONTINUES)
    ).fill_null(False)
    return statements.with_columns(
        is_continued=goes_on,
        **{name: pl.when(goes_on).then(value).otherwise(name) for name, value in before.items()},
    )


def _statement_id() -> pl.Expr:
    return pl.format("{}-{}", "article_id", pl.col("statement").cast(pl.String).str.zfill(3))


def _cut(text: str, start: str, end: str) -> pl.Expr:
    return pl.col(text).str.slice(pl.col(start), pl.col(end) - pl.col(start))

"""Read articles: the mentions and statements of each, by one pass of the reader over its body and its headline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

import dataframely as dy
import polars as pl

from pipeline.schemas import Articles, Headlines, Mentions, Statements

# What may stand between a quotation and what it goes on from: marks, or the break of a paragraph, or a full stop after
# words of the outlet that end the sentence before: “…,” she said. “…”
CONTINUES = r"^[”\"]*(?: [^.!?“”\"\n]{0,80}[.!?])?[\s“\"]*$"

# Characters before a cue where a "not" or a "would" may stand that its span leaves out, and of what is said.
BEFORE, SAID = 25, 60
BETWEEN = r"(?: \[?(?:yet|ever|even|quite|have|been|want to|going to|\w+ly))* \[?"
NOT = rf"(?:\b(?:not|never|cannot|no longer|hardly)|n['’]t){BETWEEN}"
REFUSES = r"(?:(?:declin|refus)\w*|(?:choos|chose|opt)\w* not)(?: to)?\|?(?: to)? "
SAYS = (
    r"(?:sa(?:y|id)|tell|told|comment|answer|respon[ds]|react|disclos|specif|elaborat|reveal|mention|discuss|identif|"
    r"speculat|provid|releas|talk|address|confirm|admit|announc|cit(?:e|ed|ing)\b|explain|kn[eo]w|name\b|clear\b)"
)
BELIEVES = r"(?:believ|th(?:ink|ought)|agree|consider|expect|see\b|feel|buy\b|accept|support|endors|mean\b|want|sure)"
CLAIM = r"(?:notion|idea|claim|suggestion|allegation|accusation|charge|assertion|argument|rumou?r|speculation)s?\b"
# Patterns of "words before [cue| what is said", the first that fits: "She [declined to| to comment on the deal".
HOW: Final = (
    ("asserted", r"^[^|]*\b(?:(?:no|without(?: a)?) \[?doubt|not only)\b"),
    ("hedged", rf"^[^|]*(?:{NOT}[^|]*|{REFUSES})rul(?:e|ed|ing) out"),
    ("withheld", rf"^[^|]*(?:{REFUSES}{SAYS}|{NOT}{SAYS}|\[[^|]*\b(?:no (?:comment|mention|answer)|nothing)\b)"),
    (
        "denied",
        r"\[[^|]*\b(?:den(?:y|ied|ies|ying|ials?)\b|declin|refus|disput|refut|rebut|contradict|disavow|debunk|doubt)",
    ),
    (
        "denied",
        rf"\[[^|]*\b(?:reject|dismiss)[^|]{{0,12}}\|?(?: (?:the|that|any|such|his|her|these|those|an?|\w+))? {CLAIM}",
    ),
    ("denied", rf"^[^|]*{NOT}{BELIEVES}|\[[^|]*{NOT}"),
    ("asked", r"\[[^|]*\b(?:ask|wonder|question|inquir)[^|]*\| (?:.*\?|(?:to )?(?:if|wh\w+|how|about)\b)"),
    (
        "hedged",
        r"\[[^|]*\b(?:suggest|hint|impl(?:y|ied|ies)|allud|insinuat|speculat|appear|seem|alleg|reportedly|rumou?r)",
    ),
    ("hedged", r"\[[^|]*\b(?:may|might|could|perhaps|possibly)\b|^[^|]*\b(?:may|might|could)(?: have| be)* \["),
)

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
) -> tuple[dy.DataFrame[Mentions], dy.DataFrame[Statements], dy.DataFrame[Headlines]]:
    """Mentions and statements of every article in a language of the reader, in the order of article and text, and the
    mentions of its headline."""
    texts = articles.filter(pl.col("language").is_in(list(reader.languages))).sort("article_id")
    parts = [_read(batch, reader) for batch in texts.iter_slices(TEXTS_AT_ONCE)]
    if not parts:
        return Mentions.create_empty(), Statements.create_empty(), Headlines.create_empty()
    mentions, statements, headlines = (
        pl.concat(frames).with_columns(reader=pl.lit(reader.revision)) for frames in zip(*parts, strict=True)
    )
    return (
        mentions.pipe(Mentions.validate, cast=True),
        statements.pipe(Statements.validate, cast=True),
        headlines.pipe(Headlines.validate, cast=True),
    )


def _read(articles: pl.DataFrame, reader: Reader) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
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
            before=pl.col("body").str.head("cue_start").str.tail(BEFORE).str.extract(r"([^\n.“”\"]*)$"),
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
    statements = (
        statements.join(words, on="statement_id", how="left", maintain_order="left")
        .with_columns(commitment=commitment(pl.col("before"), pl.col("cue"), pl.col("text")))
        .drop("body", "before")
    )
    titles = (
        reader.read(articles["title"].to_list())
        .mentions.join(keys, left_on="text", right_on="index", maintain_order="left")
        .with_columns(text=_cut("title", "start", "end"), is_quoted=pl.col("statement").is_not_null())
        .drop("body", "title", "statement")
    )
    return mentions, statements, titles


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


def commitment(before: pl.Expr, cue: pl.Expr, said: pl.Expr) -> pl.Expr:
    """How the speaker stands to what is said, by the words of the cue, those right before it, and those said."""
    words = pl.concat_str(before, pl.lit("["), cue, pl.lit("| "), said.str.head(SAID)).str.replace_all(r"\s+", " ")
    return pl.coalesce(
        *(pl.when(words.str.contains(f"(?i){pattern}")).then(pl.lit(how)) for how, pattern in HOW),
        pl.lit("asserted"),
    )


def _statement_id() -> pl.Expr:
    return pl.format("{}-{}", "article_id", pl.col("statement").cast(pl.String).str.zfill(3))


def _cut(text: str, start: str, end: str) -> pl.Expr:
    return pl.col(text).str.slice(pl.col(start), pl.col(end) - pl.col(start))

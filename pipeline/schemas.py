"""Every table contract, in pipeline order: the lake first, then the marts and the trust tables of the warehouse.

One class, one table. The class docstring is the table's grain and meaning, `metadata["doc"]` is the column's; the
warehouse's `COMMENT ON` texts are generated from both. Offsets are Unicode code points into `articles.body`, half open.
Times are UTC and end in `_at`; days are called `day` or end in `_on`; shares are 0 to 1 and end in `_share`; booleans
begin with `is_`.
"""

from __future__ import annotations

from typing import Any

import dataframely as dy
import polars as pl

MENTION_TYPES = ["PER", "ORG", "LOC", "MISC"]
STATEMENT_KINDS = ["direct", "mixed", "indirect"]
QUARANTINE_REASONS = [
    "invalid_record",  # the archive line is not a JSON object with the fields of the format
    "unknown_outlet",  # the record names an outlet that the configuration does not
    "no_article",  # no story text was found on the page
    "too_short",  # a stub: a paywall's teaser, a caption, a cookie wall
    "duplicate_url",  # a second record of the same canonical URL on the same day
]
FETCH_STATUSES = [
    "fetched",  # the source answered and gave at least one record
    "empty",  # the source answered and had nothing for the day
    "gap",  # the source cannot give this day: a live feed asked for a past day, an archive with no file for it
    "failed",  # the source should have answered and did not: the reason is in `problem`
]
PUBLISHED_AT_ORIGINS = ["source", "page", "day"]


def _doc(text: str) -> dict[str, Any]:
    return {"doc": text}


def _day() -> dy.Date:
    return dy.Date(primary_key=True, metadata=_doc("The UTC day of the run that fetched the article: the partition."))


def _article_id(primary_key: bool = True) -> dy.String:
    return dy.String(primary_key=primary_key, metadata=_doc("Stable id of the article: a hash of its canonical URL."))


def _reader() -> dy.String:
    return dy.String(metadata=_doc("Revision of the reader's weights that scored this row."))


def _probability(doc: str, **kwargs: Any) -> dy.Float32:
    return dy.Float32(min=0, max=1, metadata=_doc(doc), **kwargs)


# Float32 keeps 7 digits; three of them add up to one within this.
PROBABILITY_TOLERANCE = 1e-3


def _sums_to_one(*columns: str) -> pl.Expr:
    return (pl.sum_horizontal(*columns) - 1).abs() < PROBABILITY_TOLERANCE


# --- lake ------------------------------------------------------------------------------------------------------------


class Raw(dy.Schema):
    """One row per record that a source gave on a day: the bytes as fetched, kept unchanged and written once."""

    day = _day()
    raw_id = dy.String(primary_key=True, metadata=_doc("Hash of source, URL and bytes."))
    outlet = dy.String(nullable=True, metadata=_doc("Domain of the publisher, as the source gives it."))
    source = dy.String(metadata=_doc("Name of the source that gave the record."))
    url = dy.String(nullable=True, metadata=_doc("Address of the page, as the source gives it."))
    media_type = dy.String(metadata=_doc("text/html, text/plain, or application/json for a record not understood."))
    content = dy.Binary(metadata=_doc("The bytes as fetched."))
    title = dy.String(nullable=True, metadata=_doc("Headline, where the source gives one beside the page."))
    published_at = dy.Datetime(
        nullable=True, time_unit="us", time_zone="UTC", metadata=_doc("Publication time, where the source gives one.")
    )
    authors = dy.List(dy.String(), nullable=True, metadata=_doc("Authors, where the source gives them."))
    problem = dy.String(
        nullable=True, metadata=_doc("Why the record is refused: `reason: detail`; null for a record that can be read.")
    )


class Fetches(dy.Schema):
    """One row per day and configured source: what fetching brought, or why it brought nothing. A gap is a row."""

    day = _day()
    source = dy.String(primary_key=True, metadata=_doc("Name of the source."))
    outlet = dy.String(
        primary_key=True, metadata=_doc("Domain of the outlet; a source that serves many outlets has a row for each.")
    )
    kind = dy.Enum(["archive", "feed"], metadata=_doc("Kind of the source."))
    status = dy.Enum(FETCH_STATUSES, metadata=_doc("fetched, empty, gap or failed."))
    records = dy.Int64(min=0, metadata=_doc("Records that the source gave."))
    problem = dy.String(nullable=True, metadata=_doc("What went wrong and what to do about it."))


class Articles(dy.Schema):
    """One row per day and article: one normalised story text with its metadata. A later day's row is a revision."""

    day = _day()
    article_id = _article_id()
    raw_id = dy.String(metadata=_doc("The raw record that the article was read from."))
    outlet = dy.String(metadata=_doc("Domain of the publisher."))
    source = dy.String(metadata=_doc("Name of the source that gave the record."))
    url = dy.String(metadata=_doc("Canonical URL."))
    title = dy.String(metadata=_doc("Headline."))
    body = dy.String(metadata=_doc("Story text; every offset in the lake counts code points of this text."))
    language = dy.String(metadata=_doc("ISO 639-1 code; the reader reads only the languages of its card."))
    authors = dy.List(dy.String(), metadata=_doc("Authors, as printed."))
    published_at = dy.Datetime(time_unit="us", time_zone="UTC", metadata=_doc("Publication time."))
    published_at_origin = dy.Enum(
        PUBLISHED_AT_ORIGINS, metadata=_doc("Where the publication time is from: source, page, or the day of the run.")
    )
    published_on = dy.Date(metadata=_doc("UTC day of publication: what aggregates follow."))
    text_hash = dy.String(metadata=_doc("Hash of the story text, case and white space set aside."))
    story_id = dy.String(metadata=_doc("The story that the article belongs to: the article_id of its first printing."))
    is_reprint = dy.Bool(metadata=_doc("True for a copy or near-copy of another article of the story."))


class Quarantine(dy.Schema):
    """One row per raw record that was refused, and why. Nothing is dropped without a row here."""

    day = _day()
    raw_id = dy.String(primary_key=True, metadata=_doc("The refused raw record."))
    outlet = dy.String(nullable=True, metadata=_doc("Domain of the publisher, where known."))
    source = dy.String(metadata=_doc("Name of the source that gave the record."))
    url = dy.String(nullable=True, metadata=_doc("Address of the page, where known."))
    reason = dy.Enum(QUARANTINE_REASONS, metadata=_doc("Why the record was refused."))
    detail = dy.String(metadata=_doc("What was found, in words."))


class Mentions(dy.Schema):
    """One row per mention: a span of the body that names an entity, with the polarity of its voice toward it."""

    day = _day()
    article_id = _article_id()
    start = dy.Int64(primary_key=True, min=0, metadata=_doc("First code point of the span."))
    end = dy.Int64(primary_key=True, min=1, metadata=_doc("Code point after the span."))
    text = dy.String(metadata=_doc("The words of the span."))
    type = dy.Enum(MENTION_TYPES, metadata=_doc("Person, organisation, location or miscellaneous."))
    probability = _probability("How sure the reader is of span and type.")
    negative = _probability("Probability that the voice is negative toward the entity here.")
    neutral = _probability("Probability that the voice is neutral toward the entity here.")
    positive = _probability("Probability that the voice is positive toward the entity here.")
    statement_id = dy.String(
        nullable=True, metadata=_doc("The statement whose content holds the mention; null = the outlet's own voice.")
    )
    reader = _reader()

    @dy.rule()
    def polarity_sums_to_one(cls) -> pl.Expr:
        return _sums_to_one("negative", "neutral", "positive")

    @dy.rule()
    def span_is_not_empty(cls) -> pl.Expr:
        return pl.col("start") < pl.col("end")


class Statements(dy.Schema):
    """One row per statement: one attribution with its speaker span, cue span and content spans."""

    day = _day()
    article_id = _article_id()
    statement_id = dy.String(primary_key=True, metadata=_doc("Stable id: article and running number in text order."))
    kind = dy.Enum(STATEMENT_KINDS, metadata=_doc("direct (all quoted), mixed (partly quoted) or indirect."))
    speaker_start = dy.Int64(nullable=True, min=0, metadata=_doc("First code point of the speaker span."))
    speaker_end = dy.Int64(nullable=True, min=1, metadata=_doc("Code point after the speaker span."))
    speaker = dy.String(nullable=True, metadata=_doc("The words of the speaker span."))
    cue_start = dy.Int64(nullable=True, min=0, metadata=_doc("First code point of the cue span."))
    cue_end = dy.Int64(nullable=True, min=1, metadata=_doc("Code point after the cue span."))
    cue = dy.String(nullable=True, metadata=_doc("The words that mark the attribution: said, according to, …"))
    content = dy.List(
        dy.Struct({"start": dy.Int64(), "end": dy.Int64()}), metadata=_doc("Spans of what is said, in text order.")
    )
    text = dy.String(metadata=_doc("The words of the content spans, joined by ` … `."))
    probability = _probability("How sure the reader is of the statement.")
    reader = _reader()


class Entities(dy.Schema):
    """One row per resolved span of an article (a mention, or a speaker that is no mention): the entity it refers to."""

    day = _day()
    article_id = _article_id()
    start = dy.Int64(primary_key=True, min=0, metadata=_doc("First code point of the span."))
    end = dy.Int64(primary_key=True, min=1, metadata=_doc("Code point after the span."))
    entity_id = dy.String(metadata=_doc("Stable id across articles and days: the Wikidata QID where one is known."))
    name = dy.String(metadata=_doc("The entity's full name, as known or as first printed in the article."))
    type = dy.Enum(MENTION_TYPES, metadata=_doc("Person, organisation, location or miscellaneous."))
    wikidata_id = dy.String(nullable=True, metadata=_doc("Wikidata QID, where known."))
    method = dy.Enum(
        ["known", "name", "surname", "acronym", "demonym", "pronoun", "speaker"],
        metadata=_doc("How the span was resolved."),
    )
    probability = _probability("How sure the resolution is.")


class Stances(dy.Schema):
    """One row per holder, target and statement: how a speaker stands toward an entity or an issue, with its evidence."""

    day = _day()
    stance_id = dy.String(primary_key=True, metadata=_doc("Stable id: hash of article, statement, holder and target."))
    article_id = _article_id(primary_key=False)
    statement_id = dy.String(metadata=_doc("The statement that shows the stance."))
    holder_id = dy.String(nullable=True, metadata=_doc("Entity id of the holder; null where the speaker has no name."))
    holder = dy.String(metadata=_doc("Name of the holder; the words of the speaker span where it has no name."))
    target_kind = dy.Enum(["entity", "issue"], metadata=_doc("What the stance is toward."))
    target_id = dy.String(metadata=_doc("Entity id, or id of the issue on the watch-list."))
    target = dy.String(metadata=_doc("Name of the entity or issue."))
    against = _probability("Probability that the holder is against the target.")
    neutral = _probability("Probability that the holder takes no side.")
    favour = _probability("Probability that the holder is in favour of the target.")
    stance = dy.Enum(
        ["against", "neutral", "favour"], nullable=True, metadata=_doc("The likeliest; null = the reader abstains.")
    )
    evidence_start = dy.Int64(min=0, metadata=_doc("First code point of the evidence."))
    evidence_end = dy.Int64(min=1, metadata=_doc("Code point after the evidence."))
    evidence = dy.String(metadata=_doc("The words that show the stance."))
    reader = _reader()

    @dy.rule()
    def stance_sums_to_one(cls) -> pl.Expr:
        return _sums_to_one("against", "neutral", "favour")


class Sentiments(dy.Schema):
    """One row per article and entity: the outlet's own voice toward the entity. What speakers say does not count."""

    day = _day()
    article_id = _article_id()
    entity_id = dy.String(primary_key=True, metadata=_doc("The entity."))
    name = dy.String(metadata=_doc("The entity's name."))
    type = dy.Enum(MENTION_TYPES, metadata=_doc("Person, organisation, location or miscellaneous."))
    negative = _probability("Mean probability over the mentions that the outlet's voice is negative.")
    neutral = _probability("Mean probability over the mentions that the outlet's voice is neutral.")
    positive = _probability("Mean probability over the mentions that the outlet's voice is positive.")
    sentiment = dy.Enum(
        ["negative", "neutral", "positive"], nullable=True, metadata=_doc("The likeliest; null = the reader abstains.")
    )
    mentions = dy.Int64(min=1, metadata=_doc("Mentions of the entity in the outlet's own voice."))
    mentions_quoted = dy.Int64(min=0, metadata=_doc("Mentions of the entity inside statements, not counted here."))
    mention_share = _probability("Mentions of the entity, of all mentions in the article, whoever speaks.")
    first_start = dy.Int64(min=0, metadata=_doc("First code point of the first counted mention."))
    first_end = dy.Int64(min=1, metadata=_doc("Code point after the first counted mention."))
    reader = _reader()

    @dy.rule()
    def sentiment_sums_to_one(cls) -> pl.Expr:
        return _sums_to_one("negative", "neutral", "positive")


class Runs(dy.Schema):
    """One row per day, stage and shard: the latest run, what went in and came out, and which code and weights did it."""

    day = _day()
    stage = dy.String(primary_key=True, metadata=_doc("Stage of the pipeline."))
    shard = dy.Int64(primary_key=True, min=0, metadata=_doc("Shard of the day, from 0."))
    started_at = dy.Datetime(time_unit="us", time_zone="UTC", metadata=_doc("When the stage began."))
    seconds = dy.Float64(min=0, metadata=_doc("Wall time."))
    rows_in = dy.Int64(min=0, metadata=_doc("Rows that the stage read."))
    rows_out = dy.Int64(min=0, metadata=_doc("Rows that the stage wrote, over all its tables."))
    code = dy.String(metadata=_doc("Version of the pipeline's code."))
    reader = dy.String(nullable=True, metadata=_doc("Revision of the reader's weights, for the stages that use them."))


LAKE: dict[str, type[dy.Schema]] = {
    "raw": Raw,
    "fetches": Fetches,
    "articles": Articles,
    "quarantine": Quarantine,
    "mentions": Mentions,
    "statements": Statements,
    "entities": Entities,
    "stances": Stances,
    "sentiments": Sentiments,
    "runs": Runs,
}

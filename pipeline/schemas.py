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
COMMITMENTS = [
    "asserted",  # the speaker stands behind it: said, insists, according to
    "hedged",  # only half: suggested, may be, would not rule out, allegedly
    "denied",  # the speaker says that it is not so: denied, does not believe
    "withheld",  # the speaker does not say: declined to comment, would not say whether
    "asked",  # the speaker asks: wondered, asked whether
]
QUARANTINE_REASONS = [
    "invalid_record",  # the archive line is not a JSON object with the fields of the format
    "unknown_outlet",  # the record names an outlet that the configuration does not
    "not_fetched",  # the page did not come: a dead link, an error of the server, too slow, too long, no page at all
    "forbidden",  # robots.txt does not want it fetched, or its address is none of the open web
    "unreadable",  # the page broke, stalled or flooded the parser
    "no_article",  # no story text was found on the page
    "too_short",  # a stub: a paywall's teaser, a caption, a cookie wall
    "duplicate_url",  # a second record of the same canonical URL on the same day
]
RESOLVED_BY = [
    "known",  # a name that the gazetteer or the operator knows
    "name",  # a name that no one knows, whole: it can only be itself
    "surname",  # the bearer of that surname in the article
    "acronym",  # the name of the article that it abbreviates
    "demonym",  # Russian, Russians: the country; Republican: the party
    "metonym",  # Moscow, the Kremlin: the government that works there
    "description",  # the Russian president: who holds the office then, or has that role in the article
    "pronoun",  # he, she, who: the person that the sentences before speak of
    "speaker",  # the head of a speaker span: "Lund, head of the union,"
    "ambiguous",  # several fit and nothing tells which: left apart under an id of its own
]
FETCH_STATUSES = [
    "fetched",  # the source answered and gave at least one record
    "empty",  # the source answered and had nothing for the day
    "gap",  # the source cannot give this day: a live feed asked for a past day, an archive with no file for it
    "failed",  # the source should have answered and did not: the reason is in `problem`
    "resting",  # the source failed on several days in a row and was not asked; `problem` says until when
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


def _score(doc: str) -> dy.Float32:
    return dy.Float32(nullable=True, min=-1, max=1, metadata=_doc(doc))


def _sums_to_one(*columns: str) -> pl.Expr:
    return (pl.sum_horizontal(*columns) - 1).abs() < PROBABILITY_TOLERANCE


# --- lake ------------------------------------------------------------------------------------------------------------


def _published_first(nullable: bool = False) -> dy.Datetime:
    doc = "When a warehouse first showed the rows of the day; null where none has, for the day is not finished."
    return dy.Datetime(nullable=nullable, time_unit="us", time_zone="UTC", metadata=_doc(doc))


def _restated() -> dy.Datetime:
    doc = "When a publish last brought them anew because the day had been run again; null where none has."
    return dy.Datetime(nullable=True, time_unit="us", time_zone="UTC", metadata=_doc(doc))


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
    kind = dy.Enum(["archive", "feed", "sitemap"], metadata=_doc("Kind of the source."))
    status = dy.Enum(FETCH_STATUSES, metadata=_doc("fetched, empty, gap, failed or resting."))
    records = dy.Int64(min=0, metadata=_doc("Records that the source gave."))
    problem = dy.String(nullable=True, metadata=_doc("What went wrong and what to do about it."))


class Visits(dy.Schema):
    """One row per day, source and address that gave something: by it the next days ask only for what has changed."""

    day = _day()
    source = dy.String(primary_key=True, metadata=_doc("Name of the source."))
    url = dy.String(primary_key=True, metadata=_doc("Address that was asked."))
    etag = dy.String(nullable=True, metadata=_doc("The server's name for this version of it (ETag)."))
    last_modified = dy.String(nullable=True, metadata=_doc("When it last changed, in the server's words."))
    content = dy.Binary(
        nullable=True,
        metadata=_doc("The bytes of a feed or sitemap: what an unchanged one still says; null for a page."),
    )


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
    byline = dy.String(
        nullable=True, metadata=_doc("Byline, dateline and credits that stood around the text, a line each.")
    )
    language = dy.String(metadata=_doc("ISO 639-1 code; the reader reads only the languages of its card."))
    authors = dy.List(dy.String(), metadata=_doc("Authors, as printed."))
    published_at = dy.Datetime(time_unit="us", time_zone="UTC", metadata=_doc("Publication time."))
    published_at_origin = dy.Enum(
        PUBLISHED_AT_ORIGINS, metadata=_doc("Where the publication time is from: source, page, or the day of the run.")
    )
    published_on = dy.Date(metadata=_doc("UTC day of publication: what aggregates follow."))
    text_hash = dy.String(metadata=_doc("Hash of the story text, case and white space set aside."))


class Sketches(dy.Schema):
    """One row per day and article: what tells its copies and its story, without its text."""

    day = _day()
    article_id = _article_id()
    outlet = dy.String(metadata=_doc("Domain of the publisher."))
    published_at = dy.Datetime(time_unit="us", time_zone="UTC", metadata=_doc("Publication time."))
    shingles = dy.List(
        dy.UInt32(),
        min_length=1,
        metadata=_doc("Hashes of its runs of five words, ascending: at most the lowest 1,000."),
    )
    terms = dy.List(dy.String(), metadata=_doc("Words of the headline, twice, and of the first paragraphs."))
    credits = dy.List(dy.String(), metadata=_doc("Domains of other outlets whose text it says that it is."))


class Quarantine(dy.Schema):
    """One row per raw record that was refused, and why. Nothing is dropped without a row here."""

    day = _day()
    raw_id = dy.String(primary_key=True, metadata=_doc("The refused raw record."))
    outlet = dy.String(nullable=True, metadata=_doc("Domain of the publisher, where known."))
    source = dy.String(metadata=_doc("Name of the source that gave the record."))
    url = dy.String(nullable=True, metadata=_doc("Address of the page, where known."))
    reason = dy.Enum(QUARANTINE_REASONS, metadata=_doc("Why the record was refused."))
    detail = dy.String(metadata=_doc("What was found, in words."))


class _NamedSpan(dy.Schema):
    """One row per span that names an entity."""

    day = _day()
    article_id = _article_id()
    start = dy.Int64(primary_key=True, min=0, metadata=_doc("First code point of the span."))
    end = dy.Int64(primary_key=True, min=1, metadata=_doc("Code point after the span."))
    text = dy.String(metadata=_doc("The words of the span."))
    type = dy.Enum(MENTION_TYPES, metadata=_doc("Person, organisation, location or miscellaneous."))
    probability = _probability("How sure the reader is of span and type.")


class Mentions(_NamedSpan):
    """One row per mention: a span of the body that names an entity, with the polarity of its voice toward it."""

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
    targets = dy.List(
        dy.Struct(
            {
                "start": dy.Int64(),
                "end": dy.Int64(),
                "against": dy.Float32(),
                "neutral": dy.Float32(),
                "favour": dy.Float32(),
                "weight": dy.Float32(),
            }
        ),
        metadata=_doc(
            "Each name, description and pronoun in the statement's sentences, the side that the speaker takes toward "
            "it, and the log of how much it counts beside the other places that mean the same."
        ),
    )
    text = dy.String(metadata=_doc("The words of the content spans, joined by ` … `."))
    asserted = _probability("Probability that the speaker stands behind what is said.")
    hedged = _probability("Probability that the speaker stands behind it only half.")
    denied = _probability("Probability that the speaker says that it is not so.")
    withheld = _probability("Probability that the speaker declines to say.")
    asked = _probability("Probability that the speaker asks.")
    is_continued = dy.Bool(
        metadata=_doc("True where the speaker is that of the statement before: a quotation that goes on.")
    )
    probability = _probability("How sure the reader is of the statement.")
    reader = _reader()


class References(dy.Schema):
    """One row per description or pronoun of the third person: the name in the article that it most likely means."""

    day = _day()
    article_id = _article_id()
    start = dy.Int64(primary_key=True, min=0, metadata=_doc("First code point of the description or pronoun."))
    end = dy.Int64(primary_key=True, min=1, metadata=_doc("Code point after it."))
    text = dy.String(metadata=_doc("Its words."))
    name_start = dy.Int64(min=0, metadata=_doc("First code point of the name."))
    name_end = dy.Int64(min=1, metadata=_doc("Code point after the name."))
    probability = _probability("How sure the reader is that it means that name.")
    reader = _reader()


class Headlines(_NamedSpan):
    """One row per mention in an article's headline; offsets are code points into `articles.title`."""

    negative = _probability("Probability that the headline is negative toward the entity.")
    neutral = _probability("Probability that the headline is neutral toward the entity.")
    positive = _probability("Probability that the headline is positive toward the entity.")
    is_quoted = dy.Bool(metadata=_doc("True where someone else says it in the headline; false = the outlet's voice."))
    reader = _reader()

    @dy.rule()
    def polarity_sums_to_one(cls) -> pl.Expr:
        return _sums_to_one("negative", "neutral", "positive")


def _wikidata_id() -> dy.String:
    return dy.String(nullable=True, metadata=_doc("Wikidata QID, where known."))


def _entity_type() -> dy.Enum:
    return dy.Enum(MENTION_TYPES, metadata=_doc("Person, organisation, location or miscellaneous."))


class Entities(dy.Schema):
    """One row per resolved span of an article (a mention, a speaker, a description, a pronoun): whom it refers to."""

    day = _day()
    article_id = _article_id()
    start = dy.Int64(primary_key=True, min=0, metadata=_doc("First code point of the span."))
    end = dy.Int64(primary_key=True, min=1, metadata=_doc("Code point after the span."))
    entity_id = dy.String(metadata=_doc("Stable id across articles and days: the Wikidata QID where one is known."))
    name = dy.String(metadata=_doc("The entity's full name, as known or as first printed in the article."))
    type = _entity_type()
    wikidata_id = _wikidata_id()
    method = dy.Enum(RESOLVED_BY, metadata=_doc("How the span was resolved."))
    is_metonym = dy.Bool(metadata=_doc("True where a place stands for the government that works there: Moscow."))
    is_modifier = dy.Bool(
        metadata=_doc("True if the mention only modifies another noun: in Paris, British voters. Not in sentiment.")
    )
    probability = _probability("How sure the resolution is.")
    runner_up_id = dy.String(
        nullable=True, metadata=_doc("The next likeliest entity, or the likeliest where the span is left apart.")
    )


class Roles(dy.Schema):
    """One row per role that an article gives a person: the words of the role, and of what country or organisation."""

    day = _day()
    article_id = _article_id()
    start = dy.Int64(primary_key=True, min=0, metadata=_doc("First code point of the role's words."))
    end = dy.Int64(primary_key=True, min=1, metadata=_doc("Code point after the role's words."))
    entity_id = dy.String(primary_key=True, metadata=_doc("The person."))
    name = dy.String(metadata=_doc("The person's name."))
    role = dy.String(metadata=_doc("The words of the role: head of the Russian General Staff."))
    office = dy.String(metadata=_doc("The role without of what, in small letters: head, press secretary, president."))
    is_former = dy.Bool(metadata=_doc("True where the article says that it is over: former, ex-, then."))
    organisation_id = dy.String(nullable=True, metadata=_doc("Entity id of the organisation, where the words name it."))
    organisation = dy.String(nullable=True, metadata=_doc("Name of the organisation."))
    country_id = dy.String(nullable=True, metadata=_doc("Entity id of the country or place, where the words name it."))
    country = dy.String(nullable=True, metadata=_doc("Name of the country or place."))
    person_id = dy.String(
        nullable=True,
        metadata=_doc("Entity id of the person whose the role is: Lund's spokesman, where they are named."),
    )
    person = dy.String(nullable=True, metadata=_doc("Name of that person."))
    published_on = dy.Date(metadata=_doc("UTC day of publication: when the person had the role, by the article."))
    probability = _probability("How sure it is that the role is this person's.")


class Stances(dy.Schema):
    """One row per holder, target and statement: how a speaker stands toward an entity or an issue, with evidence."""

    day = _day()
    stance_id = dy.String(primary_key=True, metadata=_doc("Stable id: statement, kind and id of the target."))
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
    headline_mentions = dy.Int64(min=0, metadata=_doc("Mentions in the headline, in the outlet's own voice."))
    headline_score = _score("Mean of positive - negative over the mentions in the headline; null where it has none.")
    lead_mentions = dy.Int64(min=0, metadata=_doc("Of `mentions`, those in the lead: the first paragraph."))
    lead_score = _score("Mean of positive - negative over the mentions in the lead; null where it has none.")
    first_start = dy.Int64(min=0, metadata=_doc("First code point of the first counted mention."))
    first_end = dy.Int64(min=1, metadata=_doc("Code point after the first counted mention."))
    first_share = _probability("How far down the article first names the entity, whoever speaks: 0 = it begins so.")
    is_passing = dy.Bool(
        metadata=_doc("True where headline and lead do without the entity and it has under a tenth of the mentions.")
    )
    reader = _reader()

    @dy.rule()
    def sentiment_sums_to_one(cls) -> pl.Expr:
        return _sums_to_one("negative", "neutral", "positive")


class Tones(dy.Schema):
    """One row per article that the reader read: its tone in the outlet's own voice, toward whomever it names."""

    day = _day()
    article_id = _article_id()
    mentions = dy.Int64(min=0, metadata=_doc("Mentions in the outlet's own voice."))
    mentions_quoted = dy.Int64(min=0, metadata=_doc("Mentions inside statements, not counted in the tone."))
    tone = _score("Mean of positive - negative over the mentions in the outlet's own voice; null where it has none.")
    tone_quoted = _score("The same over the mentions inside statements; null where there are none.")
    quoted_share = _probability("Share of the article's characters that are inside statements.")
    reader = _reader()


class Runs(dy.Schema):
    """One row per day, stage and shard: its latest run, what went in and came out, which code and weights did it."""

    day = _day()
    stage = dy.String(primary_key=True, metadata=_doc("Stage of the pipeline."))
    shard = dy.Int64(primary_key=True, min=0, metadata=_doc("Shard of the day, from 0."))
    started_at = dy.Datetime(time_unit="us", time_zone="UTC", metadata=_doc("When the stage began."))
    seconds = dy.Float64(min=0, metadata=_doc("Wall time."))
    rows_in = dy.Int64(min=0, metadata=_doc("Rows that the stage read."))
    rows_out = dy.Int64(min=0, metadata=_doc("Rows that the stage wrote, over all its tables."))
    articles_in = dy.Int64(
        nullable=True, min=0, metadata=_doc("Articles, raw records before `normalise`, that the stage read.")
    )
    articles_out = dy.Int64(
        nullable=True, min=0, metadata=_doc("Articles, raw records of `fetch`, of which the stage wrote something.")
    )
    quarantined = dy.Int64(nullable=True, min=0, metadata=_doc("Raw records that the stage refused."))
    peak_megabytes = dy.Float64(
        nullable=True,
        min=0,
        metadata=_doc("Most memory that the process of the stage held; the children that parse pages are not in it."),
    )
    run_id = dy.String(nullable=True, metadata=_doc("Airflow's id of the run, or the command line's: as in the logs."))
    code = dy.String(metadata=_doc("Version of the pipeline's code."))
    reader = dy.String(nullable=True, metadata=_doc("Revision of the reader's weights, for the stages that use them."))


class Gazetteer(dy.Schema):
    """One row per known entity: what names across articles and days are resolved to."""

    entity_id = dy.String(primary_key=True, metadata=_doc("Wikidata QID where known, else the id that the name gets."))
    name = dy.String(metadata=_doc("Full name, as shown."))
    type = _entity_type()
    wikidata_id = _wikidata_id()
    aliases = dy.List(dy.String(), metadata=_doc("Names that mean the entity, the full name among them."))
    demonyms = dy.List(dy.String(), metadata=_doc("Adjectives and members: Russian, Russians; Republican."))
    gender = dy.Enum(["f", "m"], nullable=True, metadata=_doc("Of a person, where known: tells he from she."))
    country = dy.String(nullable=True, metadata=_doc("Entity id of the country that it belongs to."))
    stands_for = dy.String(
        nullable=True, metadata=_doc("Entity id of whose government the place stands for: Moscow for Russia.")
    )
    offices = dy.List(
        dy.Struct(
            {"role": dy.String(), "of": dy.String()}
            | {"starts_on": dy.Date(nullable=True), "ends_on": dy.Date(nullable=True)}
        ),
        metadata=_doc("Roles held: role, entity id of the country or organisation, first and last day where known."),
    )
    starts_on = dy.Date(nullable=True, metadata=_doc("First day of the entity: birth, foundation; null = not known."))
    ends_on = dy.Date(nullable=True, metadata=_doc("Last day that it exists; null = not known, or it still does."))
    prominence = dy.Int64(
        nullable=True, min=0, metadata=_doc("Wikipedias that have a page on it, where known: tells namesakes apart.")
    )
    is_local = dy.Bool(nullable=True, metadata=_doc("Its name means it only in an article that names its country too."))


class Names(dy.Schema):
    """One row per key, entity that it may mean, and term: the gazetteer as names are looked up in it, sorted by key."""

    key = dy.String(metadata=_doc("Letters of the name, or office and of what: `pipeline/names.py`."))
    via = dy.Enum(
        ["name", "demonym", "place", "office"],
        metadata=_doc("What the key is to the entity: its name, its people, its seat, an office that it holds."),
    )
    entity_id = dy.String(metadata=_doc("The entity."))
    starts_on = dy.Date(nullable=True, metadata=_doc("First day that the key means the entity; null = not known."))
    ends_on = dy.Date(nullable=True, metadata=_doc("Last day that the key means the entity; null = not known."))
    name = dy.String(metadata=_doc("The entity's full name."))
    type = _entity_type()
    wikidata_id = _wikidata_id()
    gender = dy.Enum(["f", "m"], nullable=True, metadata=_doc("Of a person, where known."))
    related = dy.List(dy.String(), metadata=_doc("Entity ids that speak for it where an article names them."))
    prominence = dy.Int64(nullable=True, min=0, metadata=_doc("Wikipedias that have a page on it, where known."))
    rank = dy.Int64(
        min=0,
        metadata=_doc(
            "Whose word it is: 0 the operator's, 1 the shipped gazetteer's, 2 the lake's, 3 the shipped gazetteer's "
            "too, of those whose name means them only where their country is named."
        ),
    )


class Printings(dy.Schema):
    """One row per article: the story that it tells and the article that it copies, over all days."""

    article_id = dy.String(primary_key=True, metadata=_doc("The article, in its latest revision."))
    story_id = dy.String(metadata=_doc("The story: the article_id of its first printing."))
    reprint_of = dy.String(nullable=True, metadata=_doc("The article that it is a copy of; null = its own text."))
    published_at = dy.Datetime(
        time_unit="us", time_zone="UTC", metadata=_doc("Publication time, the earliest of its revisions.")
    )
    days = dy.List(dy.Date(), metadata=_doc("The days of runs that have a revision of it."))


class Publications(dy.Schema):
    """One row per day of a run that was published: when, and which run of it."""

    day = dy.Date(primary_key=True, metadata=_doc("UTC day of the run."))
    first_published_at = _published_first()
    restated_at = _restated()
    ran_at = dy.Datetime(
        nullable=True, time_unit="us", time_zone="UTC", metadata=_doc("When the last of its stages had ended.")
    )


class Merges(dy.Schema):
    """One row per entity id that turned out to be another's: the lake keeps the old id, the warehouse shows the new."""

    old_id = dy.String(primary_key=True, metadata=_doc("The id that was given up."))
    entity_id = dy.String(metadata=_doc("The id that it turned out to be."))
    merged_on = dy.Date(
        nullable=True,
        metadata=_doc("Day of the decision; null where `[[entities]]` makes it."),
    )
    reason = dy.String(metadata=_doc("Why the two are one."))
    source = dy.Enum(["operator", "import"], metadata=_doc("Who decided: the configuration, or an import."))


LAKE: dict[str, type[dy.Schema]] = {
    "raw": Raw,
    "fetches": Fetches,
    "visits": Visits,
    "articles": Articles,
    "quarantine": Quarantine,
    "sketches": Sketches,
    "mentions": Mentions,
    "statements": Statements,
    "references": References,
    "headlines": Headlines,
    "entities": Entities,
    "roles": Roles,
    "stances": Stances,
    "sentiments": Sentiments,
    "tones": Tones,
    "runs": Runs,
}
# Tables of no day: what is known of the world, and what is told anew from all days at each publish.
KNOWLEDGE: dict[str, type[dy.Schema]] = {
    "gazetteer": Gazetteer,
    "names": Names,
    "merges": Merges,
    "printings": Printings,
    "publications": Publications,
}


# --- warehouse -------------------------------------------------------------------------------------------------------
# Times are TIMESTAMP WITH TIME ZONE: instants, shown in the zone that a client is set to. Days are UTC days.


def _outlet(primary_key: bool = False) -> dy.String:
    return dy.String(primary_key=primary_key, metadata=_doc("Domain of the publisher."))


def _published_on() -> dy.Date:
    return dy.Date(metadata=_doc("UTC day of publication of the article."))


def _is_reprint() -> dy.Bool:
    return dy.Bool(
        metadata=_doc("True where the article is a copy or near-copy of another article: `articles.reprint_of`.")
    )


def _is_latest() -> dy.Bool:
    return dy.Bool(metadata=_doc("False where a later day holds a revision of the article; aggregates leave it out."))


def _mart_day() -> dy.Date:
    return dy.Date(primary_key=True, metadata=_doc("UTC day of publication."))


def _count(doc: str) -> dy.Int64:
    return dy.Int64(min=0, metadata=_doc(doc))


def _articles() -> dy.Int64:
    return _count("Articles, reprints included, the latest revision of each.")


def _articles_unique() -> dy.Int64:
    return _count("Articles with reprints collapsed: a wire copy counts once, at its first printing.")


def _share(doc: str) -> dy.Float64:
    return dy.Float64(nullable=True, min=0, max=1, metadata=_doc(doc))


def _mean(doc: str) -> dy.Float64:
    return dy.Float64(nullable=True, min=-1, max=1, metadata=_doc(doc))


def _three(doc: str) -> dy.List:
    return dy.List(dy.Float64(), metadata=_doc(doc))


def _low(of: str) -> dict[str, Any]:
    return _doc(f"Lower end of the 95 % interval of {of}.")


def _high(of: str) -> dict[str, Any]:
    return _doc(f"Upper end of the 95 % interval of {of}.")


class Days(dy.Schema):
    """One row per day that the lake knows of. Only the rows of finished days are in the warehouse."""

    day = dy.Date(primary_key=True, metadata=_doc("UTC day of the run."))
    is_finished = dy.Bool(metadata=_doc("True where every stage of the day has written all its parts."))
    first_published_at = _published_first(nullable=True)
    restated_at = _restated()


class Outlets(dy.Schema):
    """One row per outlet: those of the configuration, and those that the lake remembers from an earlier one."""

    outlet = _outlet(primary_key=True)
    name = dy.String(metadata=_doc("Name of the outlet; the domain where the configuration no longer names it."))
    is_configured = dy.Bool(metadata=_doc("True where the configuration of this publish names the outlet."))


class Issues(dy.Schema):
    """One row per issue of the watch-list: a topic that people take sides on."""

    issue_id = dy.String(primary_key=True, metadata=_doc("Id of the issue, as in `stances.target_id`."))
    name = dy.String(metadata=_doc("Short name."))
    proposition = dy.String(metadata=_doc("One sentence that a holder can be against or in favour of."))
    aliases = dy.List(dy.String(), metadata=_doc("Other words for the issue."))
    starts_on = dy.Date(nullable=True, metadata=_doc("First day that the issue is watched; null = from the beginning."))
    ends_on = dy.Date(nullable=True, metadata=_doc("Last day that the issue is watched; null = without end."))


class WarehouseArticles(Articles):
    """One row per day and article: one normalised story text with its metadata. A later day's row is a revision."""

    story_id = dy.String(metadata=_doc("The story that the article belongs to: the article_id of its first printing."))
    is_reprint = _is_reprint()
    reprint_of = dy.String(
        nullable=True,
        metadata=_doc("The article that it is a copy of: the wire's, where a copy names it, else the first."),
    )
    is_latest = _is_latest()


class WarehouseMerges(Merges):
    """One row per entity id that turned out to be another's: every other table shows `current_id` in its place."""

    current_id = dy.String(metadata=_doc("The id that stands for it now, after all merges."))
    spans = dy.Int64(min=0, metadata=_doc("Spans of the lake that carry the old id."))


class EntityNames(dy.Schema):
    """One row per entity: a person, organisation, place or other name that the articles speak of, across all days."""

    entity_id = dy.String(
        primary_key=True, metadata=_doc("Stable id: the operator's, else the Wikidata QID where one is known.")
    )
    name = dy.String(metadata=_doc("The name that most spans were resolved to."))
    type = dy.Enum(MENTION_TYPES, metadata=_doc("Person, organisation, location or miscellaneous."))
    wikidata_id = dy.String(nullable=True, metadata=_doc("Wikidata QID, where known."))
    aliases = dy.List(
        dy.String(), metadata=_doc("The words that named it, as printed, no descriptions or pronouns; in ABC order.")
    )
    old_ids = dy.List(dy.String(), metadata=_doc("Ids that turned out to be its own, in ABC order: see `merges`."))
    first_on = dy.Date(nullable=True, metadata=_doc("First day of publication; null where every revision left it out."))
    last_on = dy.Date(nullable=True, metadata=_doc("Last day of publication; null where every revision left it out."))
    articles = _articles()
    articles_unique = _articles_unique()
    mentions = _count("Mentions in those articles, whoever speaks.")


class Resolutions(Entities):
    """One row per resolved span: a name, a speaker, a description or a pronoun, and the entity that it refers to."""

    text = dy.String(metadata=_doc("The words of the span."))
    outlet = _outlet()
    published_on = _published_on()
    is_reprint = _is_reprint()
    is_latest = _is_latest()


class WarehouseRoles(Roles):
    """One row per role that an article gives a person: the words of the role, and of what country or organisation."""

    outlet = _outlet()
    is_reprint = _is_reprint()
    is_latest = _is_latest()


class WarehouseMentions(Mentions):
    """One row per mention: a span of the body that names an entity, with the polarity of its voice toward it."""

    entity_id = dy.String(nullable=True, metadata=_doc("The entity that the mention refers to; null = not resolved."))
    name = dy.String(nullable=True, metadata=_doc("The entity's name."))
    outlet = _outlet()
    published_on = _published_on()
    is_reprint = _is_reprint()
    is_latest = _is_latest()


class WarehouseStatements(Statements):
    """One row per statement: one attribution with its speaker span, cue span and content spans."""

    commitment = dy.Enum(
        COMMITMENTS,
        metadata=_doc("How the speaker stands to what is said: the likeliest of the five probabilities."),
    )
    speaker_id = dy.String(
        nullable=True, metadata=_doc("Entity that speaks; null where there is no speaker span or it was not resolved.")
    )
    speaker_name = dy.String(nullable=True, metadata=_doc("Name of the entity that speaks."))
    outlet = _outlet()
    published_on = _published_on()
    is_reprint = _is_reprint()
    is_latest = _is_latest()


class WarehouseStances(Stances):
    """One row per holder, target and statement: how a speaker stands toward an entity or an issue, with evidence."""

    outlet = _outlet()
    published_on = _published_on()
    is_reprint = _is_reprint()
    is_latest = _is_latest()


class WarehouseSentiments(Sentiments):
    """One row per article and entity: the outlet's own voice toward the entity. What speakers say does not count."""

    outlet = _outlet()
    published_on = _published_on()
    is_reprint = _is_reprint()
    is_latest = _is_latest()


class WarehouseTones(Tones):
    """One row per article that the reader read: its tone in the outlet's own voice, toward whomever it names."""

    outlet = _outlet()
    published_on = _published_on()
    is_reprint = _is_reprint()
    is_latest = _is_latest()


class Corrections(dy.Schema):
    """One row per reading and reader: what turns the mean of its probabilities into the share of each class."""

    reading = dy.Enum(
        ["sentiment", "entity_stance", "issue_stance"], primary_key=True, metadata=_doc("What is scored: whose rows.")
    )
    reader = dy.String(primary_key=True, metadata=_doc("Revision of the reader's weights."))
    weights_first = _three("Weights of the three probabilities in the corrected share of negative (against).")
    weights_neutral = _three("Weights of the three probabilities in the corrected share of neutral.")
    weights_last = _three("Weights of the three probabilities in the corrected share of positive (favour).")
    weights_score = _three("Their difference: weights in the corrected mean of positive - negative.")
    variances_first = _three("Variance of the corrected share of negative from each true class's development items.")
    variances_neutral = _three("The same of the share of neutral.")
    variances_last = _three("The same of the share of positive.")
    variances_score = _three("The same of the corrected mean of positive - negative.")
    sizes = dy.List(dy.Int64(), metadata=_doc("Development items of each true class: negative, neutral, positive."))


class EntitySentimentDaily(dy.Schema):
    """One row per day of publication, outlet and entity: how the outlet's own voice treats the entity."""

    day = _mart_day()
    outlet = _outlet(primary_key=True)
    entity_id = dy.String(primary_key=True, metadata=_doc("The entity."))
    name = dy.String(metadata=_doc("The entity's name."))
    type = dy.Enum(MENTION_TYPES, metadata=_doc("Person, organisation, location or miscellaneous."))
    articles = _articles()
    articles_unique = _articles_unique()
    articles_negative = _count("Articles whose own voice is likeliest negative.")
    articles_neutral = _count("Articles whose own voice is likeliest neutral.")
    articles_positive = _count("Articles whose own voice is likeliest positive.")
    articles_abstained = _count("Articles on which the reader abstains; the four counts add up to `articles`.")
    mentions = _count("Mentions in the outlet's own voice.")
    mentions_quoted = _count("Mentions inside statements; they do not count toward the sentiment.")
    sentiment_mean = _mean("Mean over the articles of P(positive) - P(negative), -1 to 1.")
    sentiment_mean_low = dy.Float64(nullable=True, min=-1, max=1, metadata=_low("sentiment_mean"))
    sentiment_mean_high = dy.Float64(nullable=True, min=-1, max=1, metadata=_high("sentiment_mean"))
    sentiment_mean_unique = _mean("The same with reprints collapsed; null where every article is a reprint.")
    sentiment_mean_unique_low = dy.Float64(nullable=True, min=-1, max=1, metadata=_low("sentiment_mean_unique"))
    sentiment_mean_unique_high = dy.Float64(nullable=True, min=-1, max=1, metadata=_high("sentiment_mean_unique"))
    sentiment_corrected = _mean(
        "Mean sentiment with reprints collapsed, corrected for the reader's mistakes: `corrections`."
    )
    sentiment_corrected_low = dy.Float64(nullable=True, min=-1, max=1, metadata=_low("sentiment_corrected"))
    sentiment_corrected_high = dy.Float64(nullable=True, min=-1, max=1, metadata=_high("sentiment_corrected"))
    negative_share = _share("Share of articles that are likeliest negative, reprints collapsed; as it was read.")
    negative_share_corrected = _share("The same, corrected for the reader's mistakes: `corrections`.")
    negative_share_corrected_low = dy.Float64(nullable=True, min=0, max=1, metadata=_low("negative_share_corrected"))
    negative_share_corrected_high = dy.Float64(nullable=True, min=0, max=1, metadata=_high("negative_share_corrected"))
    positive_share = _share("Share of articles that are likeliest positive, reprints collapsed; as it was read.")
    positive_share_corrected = _share("The same, corrected for the reader's mistakes: `corrections`.")
    positive_share_corrected_low = dy.Float64(nullable=True, min=0, max=1, metadata=_low("positive_share_corrected"))
    positive_share_corrected_high = dy.Float64(nullable=True, min=0, max=1, metadata=_high("positive_share_corrected"))
    headlines = _count("Articles, reprints collapsed, whose headline names the entity in the outlet's own voice.")
    headline_mean = _mean("Mean of positive - negative over those headlines.")
    leads = _count("Articles, reprints collapsed, whose lead names the entity in the outlet's own voice.")
    lead_mean = _mean("Mean of positive - negative over those leads.")


class StanceDaily(dy.Schema):
    """One row per day of publication, holder and target: how the holder stands, by all statements printed that day."""

    day = _mart_day()
    holder_id = dy.String(nullable=True, metadata=_doc("Entity id of the holder; null for holders without a name."))
    holder = dy.String(primary_key=True, metadata=_doc("The holder's name, or the words of a speaker without a name."))
    target_kind = dy.Enum(["entity", "issue"], primary_key=True, metadata=_doc("What the stance is toward."))
    target_id = dy.String(primary_key=True, metadata=_doc("Entity id or issue id."))
    target = dy.String(metadata=_doc("Name of the entity or issue."))
    outlets = _count("Outlets that printed the statements.")
    articles = _articles()
    articles_unique = _articles_unique()
    statements = _count("Statements that show the stance, in all those articles.")
    statements_against = _count("Statements likeliest against the target.")
    statements_neutral = _count("Statements that likeliest take no side.")
    statements_favour = _count("Statements likeliest in favour of the target.")
    statements_abstained = _count("Statements on which the reader abstains; the four add up to `statements`.")
    stance_mean = _mean("Mean over the articles of P(favour) - P(against), -1 to 1.")
    stance_mean_low = dy.Float64(nullable=True, min=-1, max=1, metadata=_low("stance_mean"))
    stance_mean_high = dy.Float64(nullable=True, min=-1, max=1, metadata=_high("stance_mean"))
    stance_mean_unique = _mean("The same with reprints collapsed; null where every article is a reprint.")
    stance_mean_unique_low = dy.Float64(nullable=True, min=-1, max=1, metadata=_low("stance_mean_unique"))
    stance_mean_unique_high = dy.Float64(nullable=True, min=-1, max=1, metadata=_high("stance_mean_unique"))
    stance_corrected = _mean("Mean stance with reprints collapsed, corrected for the reader's mistakes: `corrections`.")
    stance_corrected_low = dy.Float64(nullable=True, min=-1, max=1, metadata=_low("stance_corrected"))
    stance_corrected_high = dy.Float64(nullable=True, min=-1, max=1, metadata=_high("stance_corrected"))
    against_share = _share("Share of articles that are likeliest against, reprints collapsed; as it was read.")
    against_share_corrected = _share("The same, corrected for the reader's mistakes: `corrections`.")
    against_share_corrected_low = dy.Float64(nullable=True, min=0, max=1, metadata=_low("against_share_corrected"))
    against_share_corrected_high = dy.Float64(nullable=True, min=0, max=1, metadata=_high("against_share_corrected"))
    favour_share = _share("Share of articles that are likeliest favour, reprints collapsed; as it was read.")
    favour_share_corrected = _share("The same, corrected for the reader's mistakes: `corrections`.")
    favour_share_corrected_low = dy.Float64(nullable=True, min=0, max=1, metadata=_low("favour_share_corrected"))
    favour_share_corrected_high = dy.Float64(nullable=True, min=0, max=1, metadata=_high("favour_share_corrected"))
    clearest_stance_id = dy.String(metadata=_doc("The statement that shows a side most clearly: try `evidence(…)`."))


class SpeakerShareDaily(dy.Schema):
    """One row per day of publication, outlet and named speaker: who gets quoted, of all statements that it printed."""

    day = _mart_day()
    outlet = _outlet(primary_key=True)
    speaker_id = dy.String(primary_key=True, metadata=_doc("Entity that speaks."))
    speaker = dy.String(metadata=_doc("The speaker's name."))
    articles = _articles()
    articles_unique = _articles_unique()
    statements = _count("Statements of the speaker.")
    statements_unique = _count("Statements of the speaker with reprints collapsed.")
    outlet_statements = _count("Statements of anyone that the outlet printed that day, unnamed speakers included.")
    outlet_statements_unique = _count("The same with reprints collapsed.")
    outlet_statements_unnamed = _count("Of outlet_statements, those with no resolved speaker.")
    statement_share = _share("statements / outlet_statements.")
    statement_share_low = dy.Float64(nullable=True, min=0, max=1, metadata=_low("statement_share"))
    statement_share_high = dy.Float64(nullable=True, min=0, max=1, metadata=_high("statement_share"))
    statement_share_unique = _share("The same with reprints collapsed; null where the outlet had only reprints.")
    statement_share_unique_low = dy.Float64(nullable=True, min=0, max=1, metadata=_low("statement_share_unique"))
    statement_share_unique_high = dy.Float64(nullable=True, min=0, max=1, metadata=_high("statement_share_unique"))


class OutletCoverageDaily(dy.Schema):
    """One row per outlet and day of a run, whatever came of it: what was fetched, kept, refused. A gap is a row."""

    day = dy.Date(primary_key=True, metadata=_doc("UTC day of the run (not of publication)."))
    outlet = _outlet(primary_key=True)
    status = dy.Enum(
        [*FETCH_STATUSES, "not_asked"],
        metadata=_doc("Best status of the outlet's sources that day; not_asked = no source of it was configured."),
    )
    is_gap = dy.Bool(metadata=_doc("True where the day brought no article of the outlet."))
    reason = dy.String(nullable=True, metadata=_doc("Why articles are missing, some or all; never null where is_gap."))
    records = _count("Records that the outlet's sources gave.")
    articles = _count("Articles of the day's run, reprints included, revised since or not.")
    articles_unique = _articles_unique()
    articles_revised = _count("Of articles, those that a later day replaced by a revision.")
    articles_unread = _count("Of articles, those in which the reader found nothing: mostly other languages.")
    articles_refused = _count("Records that went to quarantine.")


class CoMentionDaily(dy.Schema):
    """One row per day of publication and pair of entities that share two articles or more: who appears with whom."""

    day = _mart_day()
    entity_a = dy.String(primary_key=True, metadata=_doc("Entity id; entity_a < entity_b."))
    entity_b = dy.String(primary_key=True, metadata=_doc("Entity id."))
    name_a = dy.String(metadata=_doc("Name of entity_a."))
    name_b = dy.String(metadata=_doc("Name of entity_b."))
    articles = _count("Articles that name both, reprints included, the latest revision of each.")
    articles_unique = _count("Articles that name both, reprints collapsed.")
    articles_either = _count("Articles that name one or the other or both.")
    articles_either_unique = _count("Articles that name one or the other or both, reprints collapsed.")
    together_share = _share("articles / articles_either (Jaccard).")
    together_share_unique = _share("The same with reprints collapsed; null where only reprints name them.")
    together_share_unique_low = dy.Float64(nullable=True, min=0, max=1, metadata=_low("together_share_unique"))
    together_share_unique_high = dy.Float64(nullable=True, min=0, max=1, metadata=_high("together_share_unique"))


class Stories(dy.Schema):
    """One row per story: a cluster of articles that report the same thing, and the outlets that printed it."""

    story_id = dy.String(primary_key=True, metadata=_doc("The article_id of the first printing."))
    day = dy.Date(metadata=_doc("UTC day of the first publication."))
    title = dy.String(metadata=_doc("Headline of the first printing."))
    first_outlet = dy.String(metadata=_doc("Domain of the outlet of the first printing."))
    first_published_at = dy.Datetime(
        time_unit="us", time_zone="UTC", metadata=_doc("Publication time of the first printing.")
    )
    last_published_at = dy.Datetime(
        time_unit="us", time_zone="UTC", metadata=_doc("Publication time of the last printing.")
    )
    articles = _articles()
    articles_unique = _articles_unique()
    outlets = dy.List(dy.String(), metadata=_doc("Domains of the outlets that printed it, in ABC order."))
    former_ids = dy.List(
        dy.String(),
        metadata=_doc("Ids that it had before the run of a later day brought an earlier printing, in ABC order."),
    )


class TrendingDaily(dy.Schema):
    """One row per day of publication and entity: how much of the day speaks of it, against the seven days before."""

    day = _mart_day()
    entity_id = dy.String(primary_key=True, metadata=_doc("The entity."))
    name = dy.String(metadata=_doc("The entity's name."))
    type = dy.Enum(MENTION_TYPES, metadata=_doc("Person, organisation, location or miscellaneous."))
    articles = _articles()
    articles_unique = _articles_unique()
    day_articles = _count("Articles of the day in which the reader found any mention.")
    day_articles_unique = _count("The same with reprints collapsed.")
    article_share = _share("articles / day_articles.")
    article_share_unique = _share("The same with reprints collapsed; null where the day had only reprints.")
    article_share_unique_low = dy.Float64(nullable=True, min=0, max=1, metadata=_low("article_share_unique"))
    article_share_unique_high = dy.Float64(nullable=True, min=0, max=1, metadata=_high("article_share_unique"))
    before_articles_unique = _count("Articles of the seven days before that speak of it, reprints collapsed.")
    before_day_articles_unique = _count("All articles of the seven days before, reprints collapsed.")
    before_share_unique = _share("Their ratio; null where the seven days before hold no article.")
    change_unique = _mean("article_share_unique - before_share_unique.")
    change_unique_low = dy.Float64(nullable=True, min=-1, max=1, metadata=_low("change_unique"))
    change_unique_high = dy.Float64(nullable=True, min=-1, max=1, metadata=_high("change_unique"))
    rank = dy.Int64(min=1, metadata=_doc("Place of the day, 1 = the rise that is surest (by change_unique_low)."))


class EvalScores(dy.Schema):
    """One row per reading, data set, split and metric: how accurate pipeline and reader are on labelled texts."""

    reading = dy.String(primary_key=True, metadata=_doc("What is read: mentions, statements, polarity, stance."))
    dataset = dy.String(primary_key=True, metadata=_doc("Data set: public, or articles that were annotated for it."))
    split = dy.String(primary_key=True, metadata=_doc("Split of the data set, kept out of training."))
    metric = dy.String(primary_key=True, metadata=_doc("Metric, as its data set's authors define it."))
    value = dy.Float64(metadata=_doc("The score."))
    size = _count("Judged items of the split: entities, statements, targets, pairs.")
    reader = dy.String(primary_key=True, metadata=_doc("Revision of the reader's weights that was measured."))


class Checks(dy.Schema):
    """One row per check of this publish. A blocking check that fails keeps the old warehouse; a warning does not."""

    name = dy.String(primary_key=True, metadata=_doc("Name of the check: its file in sql/checks."))
    severity = dy.Enum(["blocking", "warning"], metadata=_doc("What a failure does."))
    meaning = dy.String(metadata=_doc("What must hold."))
    is_passed = dy.Bool(metadata=_doc("True where no row offends."))
    offending_rows = _count("Rows that offend.")
    example = dy.String(nullable=True, metadata=_doc("The first of them, as text."))


# In build order: a table may read those before it.
WAREHOUSE: dict[str, type[dy.Schema]] = {
    "days": Days,
    "outlets": Outlets,
    "issues": Issues,
    "fetches": Fetches,
    "runs": Runs,
    "eval_scores": EvalScores,
    "corrections": Corrections,
    "quarantine": Quarantine,
    "articles": WarehouseArticles,
    "merges": WarehouseMerges,
    "entities": EntityNames,
    "resolutions": Resolutions,
    "roles": WarehouseRoles,
    "mentions": WarehouseMentions,
    "statements": WarehouseStatements,
    "stances": WarehouseStances,
    "sentiments": WarehouseSentiments,
    "tones": WarehouseTones,
    "entity_sentiment_daily": EntitySentimentDaily,
    "stance_daily": StanceDaily,
    "speaker_share_daily": SpeakerShareDaily,
    "outlet_coverage_daily": OutletCoverageDaily,
    "co_mention_daily": CoMentionDaily,
    "stories": Stories,
    "trending_daily": TrendingDaily,
    "checks": Checks,
}

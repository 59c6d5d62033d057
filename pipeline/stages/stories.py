"""Which articles are copies of one text, and which report the same thing: told over all days of the lake.

Nothing here depends on the order in which days were run: what was told before is only taken for what would be told
again. A story's id is the article_id of its first printing; where an earlier printing arrives late, the story takes
that one's id, and the old id still leads to the story, for it is the id of one of its articles.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from hashlib import blake2b

import dataframely as dy
import numpy as np
import polars as pl

from pipeline.schemas import Articles, Printings, Sketches
from pipeline.settings import Outlet

SHINGLE_WORDS = 5
"""Words of a shingle: unrelated articles share hardly any five words in a row, apart from quotes."""
MAX_SHINGLES = 1_000
"""Of a longer text, those with the lowest hashes stand for all: a sample of 1,000 tells a share to within 0.03."""
KEYS = 32
"""Of the lowest hashes of each text; two texts with a Jaccard index of 0.2 have no common one in 1 of 1,000 pairs."""
CHAIN = 8
"""Articles before it that an article is compared with for each common key: of a hundred copies each has the one before,
so that the time does not grow with their square."""
COPY_WINDOW = timedelta(days=14)
"""Time between two printings: agencies' features are printed for weeks; later ones are new printings."""
MIN_CONTAINMENT, MIN_JACCARD = 0.5, 0.2
"""Shared shingles, of the shorter text's and of both texts'. Of 924 real articles, two printings of one report had a
containment of 0.69 or more, all other pairs 0.51 or less (and that one a Jaccard index of 0.12); a copy with every
tenth word changed has a containment of 0.60, and one that is cut to its first quarter a Jaccard index of 0.24."""

LEAD_CHARACTERS = 1_000
"""Code points of the body whose words tell what the article reports: the first five or six sentences."""
CREDIT_CHARACTERS = 200
"""Code points at the beginning and at the end of a body where it says whose text it is: dateline and last line."""
EVENT_DAYS = 3
"""Days between two articles on one thing: a follow-up comes within them; the story goes on from there."""
MAX_TOGETHER = 50
"""Articles of a week that have a term in common beyond which the term tells no story: so the time stays linear."""
FADING = 0.6
"""Of the likeness of two articles, what is left for each day between them: what is alike on one day is one event, what
is alike three days later is one topic."""
MIN_LIKENESS = 0.12
"""Cosine of two articles' terms, faded, from which they report the same thing: chosen on the sample's invented week."""

CONTEXT = COPY_WINDOW
"""Before the first article that is told anew, the time whose articles have to be known: that of copies, which is longer
than that of events; and whole weeks, so that their weights are whole."""

# Scripts that put no spaces between words count each character as one.
WORD = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]|\w+")


def sketch_articles(articles: dy.DataFrame[Articles], outlets: Sequence[Outlet]) -> dy.DataFrame[Sketches]:
    """Of each article what tells its copies and its story: its shingles, its first words, whom it credits."""
    names = {" ".join(_words(outlet.name.removeprefix("The "))): outlet.domain for outlet in outlets}
    rows = [
        {
            "shingles": _shingles(row["body"]),
            "terms": _words(f"{row['title']} {row['title']} {row['body'][:LEAD_CHARACTERS]}"),
            "credits": _credits(row, names),
        }
        for row in articles.iter_rows(named=True)
    ]
    own = pl.DataFrame(rows, {name: Sketches.columns()[name].dtype for name in ("shingles", "terms", "credits")})
    return Sketches.validate(
        pl.concat([articles.select("day", "article_id", "outlet", "published_at"), own], how="horizontal"), cast=True
    )


class EarlierError(Exception):
    """What is told anew changes of which article an earlier one is a copy: tell anew from `published_at` on."""

    def __init__(self, published_at: datetime) -> None:
        super().__init__(f"an article of {published_at} is told otherwise")
        self.published_at = published_at


def monday(at: datetime) -> datetime:
    """The beginning of the week: weeks are told whole, because their articles weigh each other's words."""
    return datetime.combine(at.date() - timedelta(days=at.weekday()), datetime.min.time(), at.tzinfo)


def tell_stories(
    sketches: dy.DataFrame[Sketches],
    entities: pl.DataFrame,
    told: pl.DataFrame | None = None,
    since: datetime | None = None,
) -> dy.DataFrame[Printings]:
    """The story of each article, and the article that it is a copy of; whatever the order of the rows.

    Args:
        sketches: of every revision of the articles.
        entities: article_id and entity_id of each span that was resolved.
        told: what was told before, as `Printings`, of the articles published before `since`. It stays.
        since: a Monday. Of articles before it `sketches` has to hold those of `CONTEXT`, and all copies of theirs.

    Raises:
        EarlierError: what was told of an article before `since` does not hold any more.
    """
    articles = (
        sketches.sort("day")
        .with_columns(pl.col("published_at").min().over("article_id"), days=pl.col("day").implode().over("article_id"))
        .unique("article_id", keep="last", maintain_order=True)
        .sort("published_at", "outlet", "article_id")
        .with_row_index("number")
    )
    before = articles.filter(pl.col("published_at") < since).height if since else 0
    ids = articles["article_id"].to_list()
    known = {} if told is None else {row[0]: row[1:] for row in told.select(*Printings.columns()).iter_rows()}
    original = _originals(articles, before, [known[article][1] or article for article in ids[:before]])
    story = [known[article][0] for article in ids[:before]] + ids[before:]
    for later, earlier in _same_events(
        articles.filter(pl.Series(original, dtype=pl.UInt32) == pl.col("number")), entities
    ):
        if later >= before:
            story[later] = story[earlier]
    return Printings.validate(
        articles.select("article_id", "published_at", pl.col("days").list.unique().list.sort())
        .with_columns(
            story_id=pl.Series([story[own] for own in original], dtype=pl.String),
            reprint_of=pl.Series(
                [ids[own] if own != number else None for number, own in enumerate(original)], dtype=pl.String
            ),
        )
        .select(*Printings.columns())
        .sort("article_id"),
        cast=True,
    )


# --- what is kept of an article ---------------------------------------------------------------------------------------


def _words(text: str) -> list[str]:
    return WORD.findall(text.casefold())


def _shingles(text: str) -> list[int]:
    words = _words(text)
    runs = {" ".join(words[i : i + SHINGLE_WORDS]) for i in range(max(1, len(words) - SHINGLE_WORDS + 1))}
    return sorted({int.from_bytes(blake2b(run.encode(), digest_size=4).digest()) for run in runs})[:MAX_SHINGLES]


def _credits(article: dict[str, object], names: dict[str, str]) -> list[str]:
    """The other outlets that authors, dateline or last line name."""
    body, authors, byline = str(article["body"]), article["authors"], str(article["byline"] or "")
    assert isinstance(authors, list)
    near = " ".join([*authors, byline, body[:CREDIT_CHARACTERS], body[-CREDIT_CHARACTERS:]])
    said = f" {' '.join(_words(near))} "
    return sorted({domain for name, domain in names.items() if f" {name} " in said} - {str(article["outlet"])})


# --- copies -----------------------------------------------------------------------------------------------------------


def _originals(articles: pl.DataFrame, before: int, told: list[str]) -> list[int]:
    """Of each article the one that it is a copy of, itself where it is none: the printing of the outlet that copies
    credit, else the first. Of the first `before` articles `told` says it."""
    numbers = dict(articles.select("article_id", "number").head(before).iter_rows())
    first = list(range(articles.height))

    def root(number: int) -> int:
        while first[number] != number:
            first[number] = first[first[number]]
            number = first[number]
        return number

    def join(one: int, other: int) -> None:
        a, b = root(one), root(other)
        first[max(a, b)] = min(a, b)

    for number, own in enumerate(told):
        join(number, numbers.get(own, number))
    for one, other in _copies(articles):
        if other >= before:
            join(one, other)
    copies = defaultdict[int, list[int]](list)
    for number in range(articles.height):
        copies[root(number)].append(number)
    outlets, credits = articles["outlet"].to_list(), articles["credits"].to_list()
    original = first.copy()
    for members in copies.values():
        credited = {domain for number in members for domain in credits[number]}
        printed = next((number for number in members if outlets[number] in credited), members[0])
        for number in members:
            original[number] = printed
    ids = articles["article_id"]
    moved = [number for number, own in enumerate(told) if ids[original[number]] != own]
    if moved:
        raise EarlierError(articles["published_at"][moved[0]])
    return original


def _copies(articles: pl.DataFrame) -> Iterator[tuple[int, int]]:
    """Pairs of articles whose texts share enough: common keys find the candidates, their shingles decide."""
    keys = (
        articles.select("number", "published_at", key=pl.col("shingles").list.head(KEYS))
        .explode("key")
        .sort("key", "number")
    )
    candidates = pl.concat(
        [
            keys.select(
                "number",
                earlier=pl.col("number").shift(step),
                is_near=(pl.col("key") == pl.col("key").shift(step))
                & (pl.col("published_at") - pl.col("published_at").shift(step) <= COPY_WINDOW),
            )
            .filter("is_near")
            .select("earlier", "number")
            for step in range(1, CHAIN + 1)
        ]
    ).unique()
    ends = articles["shingles"].list.len().cum_sum().to_list()
    shingles = articles["shingles"].explode().to_numpy()
    for one, other in candidates.sort("earlier", "number").iter_rows():
        a, b = (shingles[ends[number - 1] if number else 0 : ends[number]] for number in (one, other))
        # Of a sample only the hashes below both samples' ends can be compared.
        limit = min((text[-1] for text in (a, b) if len(text) == MAX_SHINGLES), default=None)
        if limit is not None:
            a, b = a[: np.searchsorted(a, limit, "right")], b[: np.searchsorted(b, limit, "right")]
        shared = len(np.intersect1d(a, b, assume_unique=True))
        shorter = min(len(a), len(b))
        if shared >= MIN_CONTAINMENT * shorter and shared >= MIN_JACCARD * (len(a) + len(b) - shared):
            yield one, other


# --- stories ----------------------------------------------------------------------------------------------------------


def _same_events(articles: pl.DataFrame, entities: pl.DataFrame) -> Iterator[tuple[int, int]]:
    """Of each article that reports what an earlier one does, its number and that of the likest one, in order.

    Likeness is the cosine of their terms, the words and the entities, each weighed by how few articles of its week have
    it. A week's weights hold for its articles alone, so that a new day changes nothing in weeks gone by.
    """
    dated = articles.select("number", "article_id", "terms", on=pl.col("published_at").dt.date())
    named = dated.join(entities, on="article_id").select("number", "on", term="@" + pl.col("entity_id"))
    terms = (
        pl.concat([dated.select("number", "on", term="terms").explode("term").drop_nulls(), named])
        .group_by("number", "on", "term")
        .agg(times=pl.len())
        .with_columns(week=pl.col("on").dt.truncate("1w"))
        .with_columns(
            articles=pl.len().over("week", "term"),
            of=pl.col("number").n_unique().over("week"),
        )
        .with_columns(weight=(1 + pl.col("times").log()) * ((pl.col("of") + 1) / pl.col("articles")).log())
        .with_columns(weight=pl.col("weight") / (pl.col("weight") ** 2).sum().sqrt().over("number"))
        .filter(pl.col("articles") <= MAX_TOGETHER)
        .select("number", "on", "term", "weight")
    )
    days = {key[0]: day.drop("on") for key, day in terms.partition_by("on", as_dict=True).items()}
    for on, later in sorted(days.items()):
        near = [
            days[before].with_columns(fade=FADING**n)
            for n in range(EVENT_DAYS + 1)
            if (before := on - timedelta(days=n)) in days
        ]
        likest = (
            later.join(pl.concat(near), on="term", suffix="_before")
            .filter(pl.col("number_before") < pl.col("number"))
            .group_by("number", "number_before")
            .agg(likeness=(pl.col("weight") * pl.col("weight_before") * pl.col("fade")).sum().round(6))
            .filter(pl.col("likeness") >= MIN_LIKENESS)
            .sort("number", "likeness", "number_before", descending=[False, True, False])
            .unique("number", keep="first", maintain_order=True)
        )
        yield from likest.select("number", "number_before").iter_rows()

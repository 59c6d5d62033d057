"""Who makes a statement, where the speaker span is more than a name."""

from __future__ import annotations

import polars as pl

from pipeline.names import key
from pipeline.stages.entities.text import ARTICLE, ENTITY, HE, SHE, SPAN, TITLE, one_of

SPEAKER = 0.95  # the head of the speaker span is the mention: times the mention's own
SPOKESMAN = 0.7  # "a White House official": the organisation speaks, through someone

# Words that may follow the name of a speaker without making it a modifier: "Trump himself", not "Trump aides".
AFTER_A_NAME = (
    r"^(?:a|an|and|as|at|but|during|for|from|himself|herself|in|itself|later|now|of|on|or|recently|the|then|though|"
    r"through|to|told|under|via|when|where|which|while|who|whose|with)$"
)
# A name after these belongs to someone or something else: "supporters of Clinton", "who backs Clinton".
BEFORE_ANOTHER = (
    r"(?i)(?:\b(?:(?-i:\p{Ll}+ing)|about|against|at|before|behind|but|by|except|for|from|in|like|near|of|on|over|than|to|toward|"
    r"under|with|within)\s+[\"“‘']?"
    rf"(?:(?:the|a|an|his|her|its|their|then|presumptive|presidential|republican|democratic|gop|candidate|nominee|"
    rf"front-runner|rival|billionaire|businessman)\s+|{TITLE})*$)|\b(?:who|whose|whom|which|that|nor|(?:led|headed|joined|"
    r"backed|represented)\s+by)\b"
)
# And so does the second of two names: "a study by Lund and Moss", "aides to Lund of Sarvia and Gov. Moss".
BESIDE_ANOTHER = (
    r"\b(?:aides?|advis[eo]rs?|allies|analysis|backers|book|letter|memo|paper|report|research|review|some|spokesm[ae]n|"
    r"staff|strategists?|study|supporters|survey|voters|work)\s+(?i:by|for|from|in|of|to)\s+.*\b(?:and|or)\s+"
    rf"(?i:(?:the\s+|{TITLE})*)$"
)
SPOKEN_FOR = (
    r"(?i)^(?:['’]s?)?\s+(?:[\w-]+\s+){0,2}?(?:spokes\w+|officials?|statements?|press release|reports?|lawyers?|"
    r"leaders?|representatives?|sources?|press secretary|statistics|advis[eo]rs?|aides?|memo|filing|announcement|"
    rf"analysis|poll|survey|{one_of('members')}|group|movement|organi[sz]ation|newspaper|editorial board|"
    r"tracker|figures|data)\b"
)
# What a person says through it: "Lund's letter says".
SPOKEN_BY = (
    r"(?i)^['’]s?\s+(?:[\w-]+\s+){0,2}?(?:comments?|remarks?|statements?|tweets?|letter|op-ed|column|speech|testimony|"
    r"words|memoir|answer|response|message|essay|tweetstorm)\b"
)
SPEAKS_FOR = (
    r"(?i)\b(?:spokes\w+|officials?|statements?|reports?|lawyers?|leaders?|representatives?|sources?|advis[eo]rs?|aides?|"
    r"memo|average|analysis|poll|research|study|survey)\s+(?:calculated\s+|released\s+|conducted\s+|issued\s+)?"
    r"(?:for|of|at|from|with|in|by)\s+(?:the\s+)?$"
)


def resolve_speakers(statements: pl.DataFrame, resolved: pl.DataFrame) -> pl.DataFrame:
    """One row per speaker span that is no mention but has one as its head, or is a name that the reader missed there.

    The head is a person who is no modifier ("Trump's manager", "Clinton aides") and belongs to no one else ("supporters
    of Clinton"), else a mention that is all of the span, else an organisation that speaks, itself or through someone.
    """
    spans = (
        statements.filter(pl.col("speaker").is_not_null(), ~pl.col("speaker").str.contains(f"{HE}|{SHE}"))
        .select(*ARTICLE, "speaker", start="speaker_start", end="speaker_end")
        .unique([*SPAN])
        .join(resolved, on=SPAN, how="anti")
    )
    pairs = spans.join(resolved, on=ARTICLE, suffix="_name").filter(
        pl.col("start_name") < pl.col("end"), pl.col("end_name") > pl.col("start")
    )
    before = pl.col("speaker").str.head(pl.max_horizontal(pl.col("start_name") - pl.col("start"), 0))
    after = pl.col("speaker").str.slice(pl.col("end_name") - pl.col("start"))
    next_word = pl.col("after").str.extract(r"^[”\"]?[\s\-–]+(\p{L}+)").str.to_lowercase()
    is_possessive = pl.col("after").str.contains(r"^['’]s?\s+\S") | (
        pl.col("text").str.contains(r"['’]s?$") & pl.col("after").str.contains(r"\S")
    )
    is_head = (
        next_word.str.contains(AFTER_A_NAME).fill_null(True)
        & ~is_possessive
        & ~pl.col("before").str.contains(BEFORE_ANOTHER)
        & ~pl.col("before").str.to_lowercase().str.contains(BESIDE_ANOTHER)
    )
    is_whole = pl.col("before").str.contains(rf"^(?i)(?:the|\W|{TITLE})*$") & pl.col("after").str.contains(
        r"^(?:['’]s?)?\W*$"
    )
    through = pl.col("after").str.contains(SPOKEN_FOR) | pl.col("before").str.contains(SPEAKS_FOR)
    speaks_by_it = (pl.col("type") == "PER") & (pl.col("before") == "") & pl.col("after").str.contains(SPOKEN_BY)
    heads = (
        pairs.with_columns(before=before, after=after)
        .with_columns(
            rank=pl.when((pl.col("type") == "PER") & (is_head | speaks_by_it))
            .then(0)
            .when(is_whole)
            .then(1)
            .when((pl.col("type") == "ORG") & (pl.col("method") != "demonym") & (is_head | through))
            .then(2),
            sure=pl.when((pl.col("type") == "ORG") & through).then(SPOKESMAN).otherwise(SPEAKER),
        )
        .filter(pl.col("rank").is_not_null())
        # A name before a description: "the leader of the union, Piet Lund".
        .with_columns(is_described=pl.col("method") == "description")
        .sort("rank", "is_described", "start_name", "end_name")
        .unique(SPAN, keep="first", maintain_order=True)
    )
    # The reader may miss a name in one place that it found in another.
    missed = (
        spans.join(pairs, on=SPAN, how="anti")
        .with_columns(key=key(pl.col("speaker").str.replace(rf"^(?i){TITLE}+", "").str.replace(r"['’]s?$", "")))
        .join(
            resolved.group_by(*ARTICLE, "key").agg(pl.col(*ENTITY, "probability").sort_by("start").first()),
            on=[*ARTICLE, "key"],
        )
        .with_columns(sure=pl.lit(SPEAKER))
    )
    return pl.concat([heads, missed], how="diagonal").with_columns(
        probability=pl.col("probability") * pl.col("sure"), method=pl.lit("speaker")
    )

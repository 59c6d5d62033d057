"""Where they stand: each speaker toward the entities and issues that their statements speak of."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import dataframely as dy
import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.labels import likeliest
from pipeline.schemas import Articles, Entities, Mentions, Roles, Stances, Statements
from pipeline.settings import Issue

ARTICLE: Final = ["day", "article_id"]
STATEMENT: Final = [*ARTICLE, "statement_id"]
SPAN: Final = ["start", "end"]
POLARITY: Final = ["negative", "neutral", "positive"]
# How much of a side that was read into words is left where their speaker does not stand behind them, or only counts: of
# 28 such sides in questions and in what was left unsaid, read by eye, 4 were the speaker's.
UNCOMMITTED = 0.2
UNSAID: Final = ["asked", "withheld"]
# Of what is denied, a charge against someone: to deny it, or not to make it, is not to be against them.
CHARGE = (
    r"(?i)\b(?:den(?:y|ied|ies|ying|ials?)|disavow|condemn|critici[sz]|blam|denounc|accus|fault|attack|rebuk|repudiat)"
)
# What counts and does not speak.
COUNTS = (
    r"(?i)\b(?:polls?|polling|surveys?|averages?|tracker|numbers|figures|data|statistics|results?|returns)"
    r"(?:$|\s+(?:by|conducted|from|of|released)\b)"
)
# A statement that is likelier none, or another's, labels nobody: of 24 rows that stood on such, read by eye, 12 were
# wrong, 8 of them on who spoke; of 175 others 33 and 4.
SURE_STATEMENT = 0.5
# Words for a speaker that say nothing of who it is, where nothing else does.
NOBODY = (
    r"^(?i:I|me|we|us|you|he|him|his|she|hers?|they|them|their|it|its|this|that|these|those|which|who|whom|whose|what|"
    r"one|both|some|many|most|others?|another|all|there|the)$"
)

# What tells what it saw: the side is another's, or nobody's. Of 30 sides read into what someone reported 28
# were not theirs, and of 22 into what a poll or a paper found or showed 17.
REPORTS = r"(?i)^(?:(?:\w+ )?report(?:s|ed|ing)?\b|(?:(?:also|had|has|have) )?quot(?:es|ed|ing)$)"
SHOWS = r"(?i)\b(?:finds?|found|indicat(?:e|es|ed)|reveal(?:s|ed)?|show(?:s|ed|n)?|suggest(?:s|ed)?)\b"

# Whom someone means to fight is whom they are against: of 70 such mentions on press text, read by eye, 62 were. The
# reader looks at the words around a name, and reads victory into "to beat Lund".
_WHOM = (
    r"(?:(?:the|this|that|our|GOP|Republicans?|Democrat(?:ic)?|nominee|candidate|presidential|President|presumptive|former|"
    r"front-?runner|rival|terrorists?|Mr\.?|Mrs\.?|Sen\.?)\s+)*$"
)
TO_FIGHT = (
    r"(?i)(?:\b(?:to|and|will|must|should|can|could|let['’]?s|gotta|us|or|who)\s+(?:\w+ly\s+)?(?:annihilate|beat|bomb|"
    r"combat|defeat(?:\s+and\s+destroy)?|eradicate|fight|get rid of|obliterate|oust|overthrow|punish|root out|stamp "
    r"out|stop|topple|unseat|vanquish|wipe out)|\bhelp(?:ing|ed|s)?\s+(?:\w+\s+)?(?:beat|defeat|oust|stop)|"
    r"\b(?:battling|combating|defeating|fighting|ousting|overthrowing|stopping)|\bfight\s+against|"
    r"\b(?:clear|free|liberat|purg|rid)\w*\s+(?:\S+\s+){1,6}?(?:from|of))\s+"
    rf"{_WHOM}"
)
# And whose soldiers someone tells that they are beaten.
BEATEN = (
    r"(?i)^\s+(?:army|fighters|forces|insurgents|invaders|militants|rebels|soldiers|terrorists|troops|units)\s+"
    r"(?:\S+\s+){0,8}?(?:are|be|been|being|were)\s+[“\"‘']?(?:\w+ly\s+)?(?:annihilated|crushed|defeated|destroyed|"
    r"eliminated|routed|wiped\s+out)\b"
)
TO_FIGHT_NOT = r"(?i)\b(?:not|\w+n['’]t|never|without|refus\w+|declin\w+|unable|fail\w*|nothing|no)\b[^.;]*$"
FOUGHT: Final = {"negative": 0.8, "neutral": 0.15, "positive": 0.05}
# Who is against an issue in so many words; the reader is led astray by "called for the repeal of". Of 20 such
# statements whose side it changes, read by eye, 15 were against.
_UNDO = (
    r"(?:abolish|block|cancel|defund|derail|dismantl|end|halt|kill|nullify|overturn|repeal|revers|revok|scrap|stop|"
    r"veto)"
)
UNDO = (
    rf"\b(?:{_UNDO}(?:e|s|es|ing|al|p?ing)?|tear(?:ing)? up|against|oppos(?:e|es|ed|ing)(?:\s+to)?|opposition\s+to)"
    r"\s+(?:(?:of|the|this|that|any|all|entire|complete|President|current|so-called|more|new|further|his|her|their|"
    r"its|federal|\w+['’]s)\s+){0,4}"
)

# Who speaks for someone, by their role. They defend in the words of the charge ("the report is misleading, it takes
# only a part of Lund's day"), and the reader reads the charge: of 26 sides against their own, read by eye, none was
# meant.
SPOKESMAN = r"spokes|press secretary|campaign (?:manager|chair)|communications|surrogate|strategist"

# Whose something is: his, and her where a word comes next, which stands within so many characters after it: white space
# in a body is at most an empty line.
POSSESSIVE = r"^(?i:his\b|her\s+[a-z])"
AFTER_A_PRONOUN = 3

# Characters before a name that tell whether it is fought.
BEFORE_A_NAME = 70

# Who looks at an issue, or talks about it, has not taken a side on it yet.
REVIEWS = (
    r"(?i)\b(?:review(?:s|ed|ing)?|stud(?:y|ies|ied|ying)|examin(?:e|es|ed|ing)|weigh(?:s|ed|ing)?|assess(?:es|ed|ing)?|"
    r"await(?:s|ed|ing)?|discuss(?:es|ed|ing)?|consider(?:s|ing)?|looking (?:at|into)|yet to decide|before "
    r"(?:responding|deciding|answering))\b"
)

# Characters of cue and statement in which its verb stands.
WORDS_OF_REVIEW = 60

ENDS = r"[.!?][”’\"')]*\s+"

Stance = Callable[[list[str], list[str]], npt.NDArray[np.float32]]
"""(n passages, n propositions) to an array (n, 3) of probabilities: against, neutral, favour."""


def score_stance(
    articles: dy.DataFrame[Articles],
    mentions: dy.DataFrame[Mentions],
    statements: dy.DataFrame[Statements],
    entities: dy.DataFrame[Entities],
    roles: dy.DataFrame[Roles],
    issues: tuple[Issue, ...],
    stance: Stance,
) -> dy.DataFrame[Stances]:
    """One row per statement and what it speaks of: the entities that its content names, the issues that it is about.

    The holder is the statement's speaker; a speaker without an entity holds under the words of its span, and a
    statement without a speaker span, or with a mere "they" for one, has no holder and no row. Nobody has a row toward
    themselves. `stance` is called once, with every passage that is about an issue.
    """
    held = _held(articles, statements, entities)
    toward = _toward_entities(held, mentions, entities).pipe(_defended, roles)
    rows = pl.concat([toward, _toward_issues(held, issues, stance)], how="diagonal")
    return (
        rows.filter(pl.col("holder_id").ne_missing(pl.col("target_id")))
        .with_columns(
            stance_id=pl.concat_str("statement_id", "target_kind", "target_id", separator="/"),
            stance=pl.when(pl.col("probability") >= SURE_STATEMENT).then(likeliest("against", "neutral", "favour")),
            evidence=pl.col("body").str.slice(
                pl.col("evidence_start"), pl.col("evidence_end") - pl.col("evidence_start")
            ),
        )
        .select(Stances.column_names())
        .sort("day", "stance_id")
        .pipe(Stances.validate, cast=True)
    )


def _held(articles: pl.DataFrame, statements: pl.DataFrame, entities: pl.DataFrame) -> pl.DataFrame:
    """The statements that someone makes, with their holder and article."""
    return (
        statements.filter(pl.col("speaker").is_not_null())
        .join(
            entities.select(
                *ARTICLE,
                speaker_start="start",
                speaker_end="end",
                holder_id="entity_id",
                holder="name",
                is_person=pl.col("type") == "PER",
            ),
            on=[*ARTICLE, "speaker_start", "speaker_end"],
            how="left",
        )
        .with_columns(holder=pl.coalesce("holder", "speaker"))
        .filter(pl.col("holder_id").is_not_null() | ~pl.col("holder").str.contains(NOBODY))
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


def _toward_entities(held: pl.DataFrame, mentions: pl.DataFrame, entities: pl.DataFrame) -> pl.DataFrame:
    """One row per statement and entity that its content names: the mean polarity of those mentions, but for those that
    only say where or which. What its speaker does not stand behind is near to neutral.

    The evidence is the content span with the mention that takes a side most clearly.
    """
    clearest = pl.max_horizontal("negative", "positive")
    begin = pl.max_horizontal("evidence_start", pl.col("start") - BEFORE_A_NAME)
    before = pl.col("body").str.slice(begin, pl.col("start") - begin)
    after = pl.col("body").str.slice("end", pl.max_horizontal(pl.col("evidence_end") - pl.col("end"), 0))
    is_fought = (before.str.contains(TO_FIGHT) & ~before.str.contains(TO_FIGHT_NOT)) | after.str.contains(BEATEN)
    return (
        pl.concat([_named_in(mentions), _meant_in(held)])
        .join(
            entities.filter(~pl.col("is_modifier")).select(*ARTICLE, "start", "end", "entity_id", "name"),
            on=[*ARTICLE, "start", "end"],
        )
        .join(_pieces(held), on=STATEMENT)
        .filter(pl.col("start").is_between("evidence_start", "evidence_end", closed="left"))
        .join(held.select(*STATEMENT, "body"), on=STATEMENT)
        .with_columns(pl.when(is_fought).then(score).otherwise(name).alias(name) for name, score in FOUGHT.items())
        .sort(*STATEMENT, "start", "end", "evidence_start")
        .group_by(*STATEMENT, target_id="entity_id", maintain_order=True)
        .agg(
            target=pl.col("name").first(),
            against=pl.col("negative").cast(pl.Float64).mean(),
            neutral=pl.col("neutral").cast(pl.Float64).mean(),
            favour=pl.col("positive").cast(pl.Float64).mean(),
            evidence_start=pl.col("evidence_start").get(clearest.arg_max()),
            evidence_end=pl.col("evidence_end").get(clearest.arg_max()),
        )
        .with_columns(target_kind=pl.lit("entity"))
        .join(
            held.select(
                *STATEMENT,
                *("holder_id", "holder", "is_person", "body", "reader", "commitment", "cue", "speaker", "text"),
                "probability",
            ),
            on=STATEMENT,
        )
        .pipe(_less_sided, _is_uncommitted())
    )


def _named_in(mentions: pl.DataFrame) -> pl.DataFrame:
    """The mentions that stand in statements."""
    return mentions.filter(pl.col("statement_id").is_not_null()).select(*STATEMENT, *SPAN, *POLARITY)


def _meant_in(held: pl.DataFrame) -> pl.DataFrame:
    """Each he or she in what is quoted, as if it were a mention; "his own words" are no word on him. In the outlet's
    words, "said that he would", it is mostly the speaker, and who it is else is often a wrong guess."""
    pronouns = (
        held.filter(pl.col("kind") != "indirect")
        .select(*STATEMENT, "body", "pronouns")
        .explode("pronouns", empty_as_null=False, keep_nulls=False)
        .unnest("pronouns")
    )
    words = pl.col("body").str.slice(pl.col("start"), pl.col("end") - pl.col("start") + AFTER_A_PRONOUN)
    return pronouns.filter(~words.str.contains(POSSESSIVE)).select(*STATEMENT, *SPAN, *POLARITY)


def _less_sided(rows: pl.DataFrame, where: pl.Expr, *sides: str) -> pl.DataFrame:
    """The rows with little left of the sides, of both where none is named, where the speaker does not stand behind
    them."""
    share = pl.when(where).then(UNCOMMITTED).otherwise(1.0)
    return rows.with_columns(pl.col(*(sides or ("against", "favour"))) * share).with_columns(
        neutral=1 - pl.col("against") - pl.col("favour")
    )


def _defended(rows: pl.DataFrame, roles: pl.DataFrame) -> pl.DataFrame:
    """The rows, with little left of what is against the one whom the holder speaks for, by the article's roles or as
    the campaign or administration that is called by the name."""
    called = r" (?:campaign|administration)$"
    spoken_for = (
        roles.filter(
            ~pl.col("is_former"),
            pl.concat_str("office", pl.lit(" "), pl.col("role").str.to_lowercase()).str.contains(SPOKESMAN),
        )
        .select(
            *ARTICLE,
            holder_id="entity_id",
            target=pl.coalesce("person", pl.col("organisation").str.replace(called, "")),
            is_defended=pl.lit(True),
        )
        .unique()
    )
    is_its_own = pl.col("holder").str.contains(called) & (pl.col("holder").str.replace(called, "") == pl.col("target"))
    return (
        rows.join(spoken_for, on=[*ARTICLE, "holder_id", "target"], how="left", maintain_order="left")
        .pipe(_less_sided, pl.col("is_defended").fill_null(False) | is_its_own, "against")
        .drop("is_defended")
    )


def _is_uncommitted() -> pl.Expr:
    """Whether what a statement says of someone is not the speaker's own word: asked, left unsaid, a charge denied, a
    count, a report."""
    words = pl.concat_str("cue", pl.col("text").str.head(40), separator=" ", ignore_nulls=True)
    return (
        pl.col("commitment").is_in(UNSAID)
        | ((pl.col("commitment") == "denied") & words.str.contains(CHARGE))
        | (pl.col("speaker").str.contains(COUNTS) & ~pl.col("is_person").fill_null(False))
        | pl.col("cue").str.contains(REPORTS).fill_null(False)
        | (pl.col("cue").str.contains(SHOWS).fill_null(False) & ~pl.col("is_person").fill_null(False))
    )


def _toward_issues(held: pl.DataFrame, issues: tuple[Issue, ...], stance: Stance) -> pl.DataFrame:
    """One row per statement and issue that it is about.

    It is about an issue where it names it; and a direct quotation also where its own sentence or the one before, in its
    paragraph, does, and then the stance is read from there on: "… a ceasefire proposal. "We urge them to sign," she
    said." Where not all the words are the speaker's own, the cue is read with them: "denounced the ceasefire".
    """
    begin = pl.col("content").list.first().struct.field("start")
    # What is said in the outlet's words says its own subject: of 8 such beside an issue's name, 1 was on it.
    before = pl.when(pl.col("kind") == "direct").then(pl.col("body").str.head(begin).str.extract(r"([^\n]*)$"))
    words = (
        pl.when(pl.col("kind") == "direct")
        .then("text")
        .otherwise(pl.concat_str("cue", "text", separator=" ", ignore_nulls=True))
    )
    held = held.with_columns(before=before, words=words)
    candidates = []
    for issue in issues:
        named = _named(issue)
        # "The law should be repealed" is for what such words say.
        is_undone = pl.lit(False)
        if not re.search(rf"(?i)\b{_UNDO}", issue.proposition):
            said = pl.concat_str("cue", "text", separator=" ", ignore_nulls=True)
            is_undone = said.str.contains(rf"(?i:{UNDO}){named}") & ~pl.col("commitment").is_in(["denied", *UNSAID])
        in_time = pl.lit(True)
        if issue.starts_on:
            in_time &= pl.col("published_on") >= issue.starts_on
        if issue.ends_on:
            in_time &= pl.col("published_on") <= issue.ends_on
        is_named = pl.col("text").str.contains(named)
        # A point that ends no sentence, as in "U.S.", only makes the reach shorter.
        context = pl.col("before").str.extract(rf"^(?:.*{ENDS})?([^.!?]*?{named}[^.!?]*(?:{ENDS}[^.!?]*)?)$")
        candidates.append(
            held.filter(in_time, is_named | pl.col("before").str.contains(named))  # cheap, and leaves few
            .with_columns(
                passage=pl.when(is_named)
                .then("words")
                .otherwise(pl.concat_str(context.str.strip_chars_end(), "words", separator=" ")),
                target_kind=pl.lit("issue"),
                target_id=pl.lit(issue.id),
                target=pl.lit(issue.name),
                proposition=pl.lit(issue.proposition),
                named=pl.lit(named),
                is_undone=is_undone,
            )
            .filter(pl.col("passage").is_not_null())
        )
    rows = pl.concat(candidates).sort(*STATEMENT, "target_id") if candidates else held.clear()
    if rows.is_empty():
        return rows.select("day", "article_id", "statement_id", "holder_id", "holder", "body", "reader")
    scores = stance(rows["passage"].to_list(), rows["proposition"].to_list()).astype(np.float64)
    return (
        rows.with_columns(against=scores[:, 0], favour=scores[:, 2])
        .with_columns(
            against=pl.when("is_undone").then(FOUGHT["negative"]).otherwise("against"),
            favour=pl.when("is_undone").then(FOUGHT["positive"]).otherwise("favour"),
        )
        .pipe(
            _less_sided,
            pl.col("words").str.head(WORDS_OF_REVIEW).str.contains(REVIEWS) | pl.col("commitment").is_in(UNSAID),
        )
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

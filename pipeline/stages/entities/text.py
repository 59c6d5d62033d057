"""The words that the entities stage goes by, and how it finds them in the body of an article."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import polars as pl

from pipeline.languages import at_names

ARTICLE: Final = ["day", "article_id"]
SPAN: Final = [*ARTICLE, "start", "end"]
ENTITY: Final = ["entity_id", "name", "type", "wikidata_id", "gender"]

# Characters of the body that are read on each side of a span: a title, a possessive, a verb, the words of a role.
CONTEXT = 100


def one_of(kind: str) -> str:
    """A pattern for the words of a list of `names.toml`."""
    return any_of(at_names(kind))


def any_of(words: Iterable[str]) -> str:
    """A pattern for some words, the longest first."""
    in_order = sorted(words, key=lambda word: (-len(word), word))
    return rf"(?:{'|'.join(map(re.escape, in_order))})"


TITLE = rf"(?:(?:former |ex-)?{one_of('titles')}(?:[ -]elect)?\.?(?:\s+|$))"

HE = r"^(?:[Hh]e|[Hh]im|[Hh]is|[Hh]imself)$"
SHE = r"^(?:[Ss]he|[Hh]ers?|[Hh]erself)$"
# Letters of the Latin script, where what is meant is a letter of a name: with Unicode's own classes and word boundary
# the search is thirty times as slow. Past Latin-1 great and small letters alternate: there both count as great.
_UPPER, _LETTER = "A-ZÀ-ÖØ-ÞĀ-ɏḀ-ỿ", "A-Za-zÀ-ÖØ-öø-ɏḀ-ỿ"
EDGE = r"(?-u:\b)"

PRONOUN = rf"{EDGE}(?:[Hh]e|[Hh]im|[Hh]is|[Hh]imself|[Ss]he|[Hh]ers?|[Hh]erself){EDGE}"

# A run of capitalised words: "Democracy Corps", "Mr. O’Malley", "George H.W. Bush", "GOP".
CAPITAL = (
    rf"(?:(?:Mr|Mrs|Ms|Dr|Sen|Rep|Gov|Gen|Jr|Sr|St|[{_UPPER}])\.(?:[{_UPPER}]\.)*|"
    rf"[{_UPPER}](?:[{_LETTER}0-9&]|[.-][{_LETTER}0-9]|['’][{_UPPER}])*)"
)
RUN = rf"{EDGE}{CAPITAL}(?:[ \t\u00A0]{CAPITAL})*"  # on one line

# The last word or words of a role, as a text may print it.
HEADS = (
    r"(?:[Pp]rime [Mm]inister|[Vv]ice[ -][Pp]resident|[Pp]ress [Ss]ecretary|[Cc]hief of (?:the )?[Gg]eneral [Ss]taff|"
    r"[Cc]hief of [Ss]taff|[Ss]ecretary of (?:[Ss]tate|[Dd]efense)|(?:[Dd]efense|[Hh]omeland [Ss]ecurity|[Tt]reasury|"
    r"[Ff]oreign|[Hh]ome) [Ss]ecretary|[Aa]ttorney [Gg]eneral|[Ss]ecretary[ -][Gg]eneral|[Cc]hief [Jj]ustice|"
    r"(?:[Ff]oreign|[Dd]efense|[Ff]inance|[Ii]nterior|[Jj]ustice) [Mm]inister|(?:[Mm]ajority|[Mm]inority) "
    r"(?:[Ll]eader|[Ww]hip)|[Rr]unning [Mm]ate|[Ff]irst [Ll]ady|[Cc]hief [Ee]xecutive(?: [Oo]fficer)?|"
    r"[Ss]upreme [Ll]eader|[Nn]ational [Ss]ecurity [Aa]dvis[eo]r|[Ss]pecial [Ee]nvoy|[Cc]ommunications [Dd]irector|"
    r"[Pp]resident|[Pp]remier|[Mm]inister|[Cc]hancellor|[Ss]ecretary|[Gg]overnor|Gov\.|[Ss]enator|Sen\.|"
    r"[Cc]ongress(?:man|woman)|[Rr]epresentative|Rep\.|[Mm]ayor|[Aa]mbassador|[Gg]eneral|Gen\.|[Cc]olonel|Col\.|"
    r"[Aa]dmiral|Adm\.|[Cc]ommander|[Dd]irector|[Cc]hair(?:man|woman|person)?|[Cc]hief|[Hh]ead|[Ll]eader|"
    r"[Ss]pokes(?:man|woman|person)|[Mm]anager|[Aa]dvis[eo]r|[Ss]trategist|[Aa]nalyst|[Aa]ide|[Cc]andidate|"
    r"[Nn]ominee|[Ff]ront-?runner|[Pp]rofessor|[Aa]ttorney|[Ll]awyer|[Jj]udge|[Jj]ustice|[Ss]heriff|[Pp]rosecutor|[Ee]ditor|"
    r"[Cc]olumnist|[Cc]orrespondent|[Cc]o-?founder|[Ff]ounder|CEO|[Ee]conomist|[Pp]ollster|[Pp]astor|[Bb]ishop|"
    r"[Aa]rchbishop|[Cc]ardinal|[Pp]ope|[Kk]ing|[Qq]ueen|[Pp]rince|[Pp]rincess|[Aa]ctivist|[Oo]perative|"
    r"[Cc]onsultant|[Ss]enior [Ff]ellow|[Ss]peaker|[Ee]nvoy|[Dd]iplomat|[Hh]istorian|[Cc]ounsel|[Tt]reasurer|"
    r"[Ss]uperintendent|[Oo]wner|[Bb]usiness(?:man|woman)|[Bb]illionaire|[Mm]ogul|[Dd]eveloper|[Aa]uthor|[Aa]ct(?:or|ress)|"
    r"[Cc]oach|[Cc]hief of [Pp]olice|[Nn]eurosurgeon|[Ss]urgeon|[Cc]ommissioner|[Cc]ouncil(?:man|woman|or)|[Ww]hip)"
)
# Small words that may stand in a role before its head: "senior communications adviser", "former deputy director".
_SMALL = (
    r"(?:former|ex-?|then|current|acting|interim|incoming|outgoing|senior|deputy|assistant|associate|vice|chief|top|"
    r"lead|national|international|foreign|domestic|state|federal|city|county|district|circuit|executive|managing|general|campaign|"
    r"communications|press|policy|political|economic|legal|security|intelligence|military|defense|finance|presidential|"
    r"vice-presidential|gubernatorial|senatorial|congressional|presumptive|party|police|parliamentary|opposition|"
    r"billionaire|businessman|real estate|reality|longtime|veteran|conservative|liberal|independent|majority|minority|"
    r"law|history|science|economics|medical|spiritual|honorary|founding|co-|super PAC)"
)
_CAPITAL_WORD = rf"(?:(?:[{_UPPER}]\.)+|[{_UPPER}](?:[{_LETTER}0-9]|[.&/-][{_LETTER}0-9])*)(?:['’]s?)?"
MODIFIERS = rf"(?:(?:{_SMALL}|{_CAPITAL_WORD}(?:\s+(?:of|for|and|&)\s+(?:the\s+)?{_CAPITAL_WORD})*)[\s-]+)*"
OF_WHAT = (
    rf"(?:\s+(?:of|for|at|to|in|with|from)\s+(?:(?:the|his|her|its)\s+)?{_CAPITAL_WORD}"
    rf"(?:\s+(?:(?:of|and|for|the|on|&|in)\s+)*{_CAPITAL_WORD})*)"
)
# One office under the names that texts give it.
OFFICES: Final = {
    "sen.": "senator",
    "rep.": "representative",
    "congressman": "representative",
    "congresswoman": "representative",
    "gov.": "governor",
    "gen.": "general",
    "col.": "colonel",
    "adm.": "admiral",
    "advisor": "adviser",
    "national security advisor": "national security adviser",
    "secretary-general": "secretary general",
    "premier": "prime minister",
    "vice-president": "vice president",
    "frontrunner": "front-runner",
    "chief of general staff": "chief of the general staff",
}


def find(articles: pl.DataFrame, pattern: str) -> pl.DataFrame:
    """Every match of the pattern in the bodies, from left to right: article, start, end and text."""
    body = pl.col("body")
    return (
        articles.select(
            *ARTICLE,
            # The same matches twice: alone, and with what stands before them, which tells where they are.
            text=body.str.extract_all(pattern),
            chunk=body.str.extract_all(rf"(?s).*?(?:{pattern})"),
        )
        .explode("text", "chunk", empty_as_null=False, keep_nulls=False)
        .with_columns(end=pl.col("chunk").str.len_chars().cast(pl.Int64).cum_sum().over(ARTICLE))
        .with_columns(start=pl.col("end") - pl.col("text").str.len_chars())
        .select(*SPAN, "text")
    )


def with_context(spans: pl.DataFrame, articles: pl.DataFrame) -> pl.DataFrame:
    """The spans with the text `before` and `after` them, CONTEXT characters each, and no farther than the paragraph."""
    body = pl.col("body")
    return (
        spans.join(articles.select(*ARTICLE, "body"), on=ARTICLE)
        .with_columns(
            before=body.str.slice(pl.max_horizontal(pl.col("start") - CONTEXT, 0), pl.min_horizontal("start", CONTEXT))
            .str.split("\n")
            .list.last(),
            after=body.str.slice(pl.col("end"), CONTEXT).str.split("\n").list.first(),
        )
        .drop("body")
    )


def place_of(pattern: str | pl.Expr, text: str, *, literal: bool = False) -> pl.Expr:
    """Characters of the column `text` before the first match of the pattern; polars finds bytes."""
    found = pl.col(text).str.find(pattern, literal=literal)
    before = pl.col(text).cast(pl.Binary).bin.slice(0, found).cast(pl.String)
    return pl.when(found.is_not_null()).then(before.str.len_chars().cast(pl.Int64))


def office(role: pl.Expr) -> pl.Expr:
    """The office of a role in small letters: `head` of "head of the Russian General Staff"."""
    # As few words before the head as can be: "press secretary", not "secretary".
    head = role.str.extract(rf"^(?:{MODIFIERS}?)({HEADS})(?:[ -]elect)?(?:{OF_WHAT})?$").str.to_lowercase()
    second = role.str.contains(r"(?i)\bvice[ -]presidential\b") & head.is_in(["nominee", "candidate"])
    return pl.when(second).then(pl.lit("running mate")).otherwise(head.replace(OFFICES))


def overlaps(spans: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """The rows of `spans` that share a character with one of `others`, which do not overlap each other much."""
    return (
        spans.sort("end")
        .join_asof(
            others.select(*ARTICLE, other_start="start", other_end="end").sort("other_start"),
            left_on="end",
            right_on="other_start",
            by=ARTICLE,
            allow_exact_matches=False,
            check_sortedness=False,
        )
        .filter(pl.col("other_end") > pl.col("start"))
        .drop("other_start", "other_end")
    )


def in_content(spans: pl.DataFrame, statements: pl.DataFrame, name: str = "statement_id") -> pl.DataFrame:
    """The spans, by start, with the statement (`name`) whose content holds them; null where none does."""
    contents = (
        statements.select(*ARTICLE, "content", pl.col("statement_id").alias(name))
        .explode("content", empty_as_null=False, keep_nulls=False)
        .select(
            *ARTICLE,
            name,
            content_start=pl.col("content").struct.field("start"),
            content_end=pl.col("content").struct.field("end"),
        )
        .sort("content_start")
    )
    return (
        spans.sort("start")
        .join_asof(contents, left_on="start", right_on="content_start", by=ARTICLE, check_sortedness=False)
        .with_columns(pl.when(pl.col("end") <= pl.col("content_end")).then(name).alias(name))
        .drop("content_start", "content_end")
    )

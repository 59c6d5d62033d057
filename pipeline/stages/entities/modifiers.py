"""Spans that name someone or something only to say which other thing is meant."""

from __future__ import annotations

import polars as pl

from pipeline.stages.entities.text import ARTICLE, SPAN, with_context

# What acts for a country or a party, so that the adjective before it means the country or the party.
ACTS_FOR = (
    r"^\s+(?:\p{Ll}[\p{L}-]*\s+)?(?:administration|aggress(?:ion|ors?)|army|authorities|base|delegation|establishment|"
    r"fighters|forces|government|invaders|lawmakers|leaders(?:hip)?|legislators|majority|military|navy|occupiers|"
    r"officials|part(?:y|ies)|people|policy|politicians|rebels|regime|separatists|side|soldiers|state|strongman|troops|"
    r"units)\b"
)
# Words that can follow a noun, not an adjective: "the Russians have", "Republicans who".
SMALL = (
    r"^\s+(?:a|about|after|against|agree\w*|all|also|always|among|and|are|as|at|back\w*|be|because|been|before|both|but|"
    r"by|can|could|did|do|don['’]t|for|from|get|go|had|has|have|he|held|i|if|in|into|is|it|just|like|may|might|must|"
    r"need|never|no|not|now|of|on|only|or|out|over|said|say|see|seem\w*|she|should|so|support\w*|than|that|the|their|"
    r"then|there|they|think|to|under|up|vote|voted|want\w*|was|we|were|what|when|where|which|while|who|whose|will|with|"
    r"would|you)\b"
)
# A noun, and no verb or small word, after the name of a place: "the Paris attacks", "Florida Sen. Lund".
QUALIFIED = (
    r"^(?:-(?:based|area|born)|\s+(?:-?\p{Ll}+\s+)?(?:attacks?|bombings?|border|caucus(?:es)?|circuit|congressman|"
    r"congresswoman|convention|crisis|deal|debate|delegates?|delegation|electors?|event|governor|heritage|judge|lawyer|"
    r"legislature|massacre|mayor|native|newspaper|office|officers?|police|primar(?:y|ies)|race|rally|real estate|"
    r"residents?|senator|shootings?|speech|suburbs?|summit|times|trip|visit|voters?|wars?)\b|"
    r"\s+(?:Sen|Rep|Gov|Reps|Sens|Attorney General|Senate|Republican|Democrat(?:ic)?|GOP|Lt|Mayor|Governor|Senator)\b)"
)
# A name that is part of an adjective: "Sarvia-based", "Republican-turned".
COMPOUND = r"-(?:\p{Ll}+(?:ed|ing)|area|born|bound|era|led|like|made|run|style|wide)$"
# Which city, whose senator: "Brick, N.J.", "(R-Wis.)", "the senator from Vermont".
STATE = (
    r"^(?:[A-TV-Z]\.\s?[A-Z]\.|[RDI]-\p{Lu}\p{Ll}+\.?|"
    r"(?:Ala|Ariz|Ark|Calif|Colo|Conn|Del|Fla|Ga|Ill|Ind|Kan|Ky|La|Mass|Md|Mich|Minn|Miss|Mo|"
    r"Neb|Nev|Okla|Ore|Pa|Tenn|Tex|Va|Wash|Wis)\.)$"
)
# The state of a member of Congress: "Lund (D-Vt.)".
SEAT = r"\((?:R|D|I|Rep|Dem|Ind|Republican|Democrat)\.?[-–—]\s?$"
# Whose mayor: "London's newly elected mayor Ina Moss".
OFFICE = (
    r"(?i)^['’]s\s+(?:[\p{L}-]+\s+){0,4}?(?:ambassador|attorney general|chancellor|governor|king|leader|mayor|"
    r"(?:\p{L}+\s+)?minister|mp|president|premier|queen|secretary|senators?)\b"
)
WHOSE = (
    r"(?i)\b(?:(?:city|congressman|congresswoman|governor|kingdom|mayor|native|part|president|representative|resident|"
    r"sen|senator|site|state|town)\.?|north|south|east|west)\s+(?:of|from|in)\s+(?:the\s+)?$"
)
# Where something is or happens.
WHERE = (
    r"(?i)\b(?:in|at|near|across|around|outside|inside|throughout|into|within|downtown|leaving|visited|visiting)\s+"
    r"(?:(?:the|all|parts|of|nearby|northern|southern|eastern|western|central)\s+)*$"
)


def mark_modifiers(entities: pl.DataFrame, articles: pl.DataFrame) -> pl.DataFrame:
    """The spans, with `is_modifier`: a demonym that stands as an adjective ("British voters"; not "the British", not
    "the British government"), and a place that only says where ("in Paris") or which ("the Paris attacks")."""
    is_place = (pl.col("type") == "LOC") & ~pl.col("is_metonym")
    before, after = pl.col("before"), pl.col("after")
    adjective = (
        (pl.col("method") == "demonym")
        & after.str.contains(r"^(?:-\p{L}|\s+[\p{L}“\"])")
        & ~after.str.contains(ACTS_FOR)
        & ~after.str.contains(SMALL)
    )
    says_where = (
        after.str.contains(QUALIFIED)
        | before.str.contains(WHERE)
        | before.str.contains(WHOSE)
        | before.str.contains(SEAT)
        | pl.concat_str(pl.col("text").str.extract(r"(['’]s)$").fill_null(""), after).str.contains(OFFICE)
        | pl.col("text").str.head(12).str.contains(STATE)
    )
    can_be = entities.filter((pl.col("method") == "demonym") | is_place)
    marked = (
        with_context(can_be.select(*SPAN, "type", "is_metonym", "method"), articles)
        .join(articles.select(*ARTICLE, "body"), on=ARTICLE)
        .with_columns(text=pl.col("body").str.slice("start", pl.col("end") - pl.col("start")))
        .select(*SPAN, is_modifier=adjective | (is_place & says_where))
    )
    return entities.join(marked, on=SPAN, how="left", maintain_order="left").with_columns(
        pl.col("is_modifier").fill_null(False) | pl.col("name").str.contains(COMPOUND)
    )

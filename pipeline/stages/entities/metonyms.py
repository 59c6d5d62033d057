"""Places that stand for the governments that work there."""

from __future__ import annotations

import polars as pl

from pipeline.names import LookUp
from pipeline.stages.entities.text import ARTICLE, SPAN

METONYM = 0.8
# What a government has, and a city seldom: "Kyiv's troops".
_POSSESSIONS = (
    "troops|forces|army|military|government|leaders?|leadership|officials?|analysts?|diplomats?|diplomacy|allies|ally|"
    "polic(?:y|ies)|positions?|decisions?|demands?|proposals?|response|intentions?|ambitions|interests?|envoys?|"
    "negotiators?|war|actions?|role|support|sanctions|claims?|version|invasion|aggression|spies|intelligence|hackers|"
    "stance|terms|offer|influence|interference|threats?|promises?|refusal|request|backing|help|rulers?|foes|enemies|"
    "elites?|establishment|defen[cs]es?|side|view"
)
OF_A_GOVERNMENT = rf"(?i)^['’]s?\s+(?:[\w-]+\s+){{0,2}}?(?:{_POSSESSIONS})\b"
# What a government does: "Moscow denies".
_DEEDS = (
    "said|says|say|wants?|wanted|den(?:ies|ied|y)|accuse[sd]?|insists?|insisted|hopes?|fears?|agree[sd]?|"
    "reject(?:s|ed)?|announce[sd]?|claim(?:s|ed)?|believe[sd]?|back(?:s|ed)?|support(?:s|ed)?|seeks?|sought|"
    "need(?:s|ed)?|refuse[sd]?|warn(?:s|ed)?|call(?:s|ed)|demand(?:s|ed)?|threaten(?:s|ed)?|respond(?:s|ed)?|"
    "retaliate[sd]?|sign(?:s|ed)|invade[sd]?|annex(?:es|ed)?|attack(?:s|ed)?|send(?:s)?|sent|offer(?:s|ed)?|"
    "(?:is|was) (?:reviewing|willing|ready|prepared)"
)
_BEFORE_A_DEED = "also|now|still|has|had|have|would|will|should|must|may|might|could|can|did|does|to|not"
DOES = rf"^\s+(?:(?:{_BEFORE_A_DEED})\s+)*(?:{_DEEDS})\b"
# With whom one deals: "talks with Moscow", "details from Washington".
_DEALINGS = (
    "talks|negotiat\\w+|ties|relations?|relationship|deals?|dealings?|agreements?|cease-?fire|contacts?|cooperation|"
    "alliance|war|conflict|tensions?|rivalry|proposals?|details?|messages?|signals?|pressure|support|help|aid|"
    "sanctions?|response|word|demands?|offers?|orders?|permission|approval|backing|weapons?|assistance|instructions?|"
    "threats?|concessions?|intelligence"
)
DEALS = (
    rf"(?i)\b(?:{_DEALINGS})\s+(?:with|from|between|against|on|to|by|for)\s+(?:both\s+)?$|"
    r"\bbetween\s+(?:[\w.]+\s+and\s+)?$|\b(?:urged|told|warned|accused|blamed|pressed|angered|infuriated)\s+$"
)
# Where one is or goes: "in Moscow", "travelling to Moscow".
PLACE = (
    r"(?i)\b(?:in|at|near|outside|inside|into|around|across|of|leav\w+|left|visit\w*|downtown|central|through|enter\w*|"
    r"(?:travell?\w*|fl[ey]\w*|went|go\w*|return\w*|came|com\w+|trip|headed|back)\s+to|march\w*\s+on|arrived?\s+\w+|here|"
    r"live\w*\s+\w+)\s+(?:the\s+)?$"
)


def mark_metonyms(named: pl.DataFrame, statements: pl.DataFrame, look_up: LookUp) -> pl.DataFrame:
    """The names with `is_metonym`: a capital that acts, or is dealt with, is its country; "the Russians" are Russia.

    A building that is known for who works there (the White House, the Kremlin) stands for them where one is not in it.
    """
    stand_ins = look_up(named["key"]).filter(pl.col("via") == "place")
    targets = stand_ins.unique("key", keep="none").select(
        "key",
        *(pl.col(c).alias(f"{c}_meant") for c in ("entity_id", "name", "type", "wikidata_id")),
    )
    speaks = (
        statements.filter(pl.col("speaker_start").is_not_null())
        .select(*ARTICLE, start="speaker_start", end="speaker_end", speaks=pl.lit(True))
        .unique(SPAN)
    )
    is_there = pl.col("before").str.contains(PLACE)
    acts = (
        pl.col("speaks").fill_null(False)
        | pl.col("after").str.contains(OF_A_GOVERNMENT)
        | pl.col("after").str.contains(DOES)
        | pl.col("before").str.contains(DEALS)
    )
    is_building = pl.col("entity_id") == pl.col("entity_id_meant")
    is_capital = (pl.col("type") == "LOC") & ~is_building & pl.col("method").is_in(["known"])
    is_people = (
        (pl.col("method") == "demonym")
        & (pl.col("type") == "LOC")
        & pl.col("text").str.contains("s$")
        & pl.col("before").str.contains(r"\b[Tt]he $")
    )
    becomes = is_capital.fill_null(False) & acts & ~is_there
    return (
        named.join(targets, on="key", how="left")
        .join(speaks, on=SPAN, how="left")
        .with_columns(
            is_metonym=becomes | (is_building.fill_null(False) & ~is_there) | is_people,
            becomes=becomes,
        )
        .with_columns(
            runner_up_id=pl.when("becomes").then("entity_id").otherwise("runner_up_id"),
            method=pl.when("becomes").then(pl.lit("metonym")).otherwise("method"),
            probability=pl.when("becomes").then(METONYM).otherwise("probability"),
            **{
                c: pl.when("becomes").then(f"{c}_meant").otherwise(c)
                for c in ("entity_id", "name", "type", "wikidata_id")
            },
        )
        .drop("becomes", "speaks", *(f"{c}_meant" for c in ("entity_id", "name", "type", "wikidata_id")))
    )

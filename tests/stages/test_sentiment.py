"""The outlet's own voice: every fact that the sentiment stage promises."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from pipeline.schemas import Headlines
from pipeline.stages.entities import resolve_entities
from pipeline.stages.sentiment import score_sentiment, score_tone
from tests.stages.marked import DAY, NO_LINKS, nobody, read


def sentiments(text: str, headlines: pl.DataFrame | None = None) -> dict[str, dict[str, Any]]:
    marked = read(text)
    titles = Headlines.create_empty() if headlines is None else Headlines.validate(headlines, cast=True)
    rows = score_sentiment(marked[0], marked[1], resolve_entities(*marked, NO_LINKS, nobody)[0], titles)
    return {row["name"]: row for row in rows.iter_rows(named=True)}


def headline(text: str, *, is_quoted: bool = False) -> pl.DataFrame:
    """A headline that is harsh on whom it names by `text`."""
    row = {"day": DAY, "article_id": "a0", "start": 0, "end": len(text), "text": text, "type": "PER"}
    score = {"probability": 0.9, "negative": 0.8, "neutral": 0.1, "positive": 0.1}
    return pl.DataFrame([row | score | {"is_quoted": is_quoted, "reader": "r1"}])


def tone(text: str) -> dict[str, Any]:
    return score_tone(*read(text)).row(0, named=True)


def test_a_quoted_voice_does_not_count() -> None:
    row = sentiments('<per tone="+">Ina Moss</per> won. <who>He</who> said <said><per tone="-">Moss</per> lies</said>.')
    assert row["Ina Moss"]["sentiment"] == "positive"
    assert (row["Ina Moss"]["mentions"], row["Ina Moss"]["mentions_quoted"]) == (1, 1)


def test_whom_only_speakers_name_has_no_row() -> None:
    assert sentiments('<who>He</who> said <said><per tone="-">Ina Moss</per> lies</said>.') == {}


def test_all_names_of_an_entity_count_together() -> None:
    row = sentiments('<per tone="-">Ina Moss</per> came. <per tone="+">Moss</per> left. <per>Moss</per> slept.')[
        "Ina Moss"
    ]
    assert (row["negative"], row["neutral"], row["positive"]) == pytest.approx((1 / 3, 1 / 3, 1 / 3))
    assert row["mentions"] == 3


def test_the_reader_abstains_where_no_side_outweighs_the_rest() -> None:
    assert sentiments('<per tone="?">Ina Moss</per> came.')["Ina Moss"]["sentiment"] is None


def test_a_share_is_of_all_mentions_whoever_speaks() -> None:
    row = sentiments(
        "<per>Ina Moss</per>, <loc>Sund</loc>, <loc>Sund</loc>. <who>He</who> said <said><loc>Sund</loc></said>."
    )
    assert row["Sund"]["mention_share"] == pytest.approx(3 / 4)


def test_the_first_mention_is_the_first_that_counts() -> None:
    row = sentiments("<who>He</who> said <said><loc>Sund</loc></said> of <loc>Sund</loc>.")["Sund"]
    assert (row["first_start"], row["first_end"]) == (16, 20)


def test_a_headline_is_apart_and_is_found_by_any_name_of_the_entity() -> None:
    row = sentiments('<per tone="+">Ina Moss</per> won. <per>Moss</per> slept.', headline("Moss"))["Ina Moss"]
    assert (row["headline_mentions"], row["headline_score"]) == (1, pytest.approx(-0.7))
    assert row["positive"] == pytest.approx(0.45)  # the body alone


def test_what_others_say_in_a_headline_is_not_the_outlets() -> None:
    row = sentiments("<per>Moss</per> won.", headline("Moss", is_quoted=True))["Moss"]
    assert (row["headline_mentions"], row["headline_score"]) == (0, None)


def test_a_lead_is_the_first_paragraph() -> None:
    row = sentiments('<per tone="-">Moss</per> fell.\n<per tone="+">Moss</per> rose.')["Moss"]
    assert (row["lead_mentions"], row["lead_score"]) == (1, pytest.approx(-0.7))


@pytest.mark.parametrize(
    ("text", "is_passing"),
    [
        ("It rained.\n" + "<per>Ina Moss</per> won. " * 9 + "<per>Lund</per> came.", False),  # a tenth
        ("It rained.\n" + "<per>Ina Moss</per> won. " * 10 + "<per>Lund</per> came.", True),
        ("<per>Lund</per> came.\n" + "<per>Ina Moss</per> won. " * 10, False),  # in the lead
    ],
)
def test_who_is_out_of_headline_and_lead_and_seldom_named_is_named_in_passing(text: str, is_passing: bool) -> None:
    assert sentiments(text)["Lund"]["is_passing"] == is_passing


def test_a_place_that_only_says_where_is_treated_in_no_way() -> None:
    assert "Sund" not in sentiments('He fell in <loc tone="-">Sund</loc>.')
    assert sentiments('<loc tone="-">Sund</loc> lied.')["Sund"]["sentiment"] == "negative"


def test_a_tone_is_of_all_that_the_outlet_names_and_quotations_are_apart() -> None:
    row = tone('<per tone="+">Moss</per> won. <who>He</who> said <said><per tone="-">Lund</per> lies</said>.')
    assert (row["tone"], row["tone_quoted"]) == (pytest.approx(0.7), pytest.approx(-0.7))
    assert (row["mentions"], row["mentions_quoted"]) == (1, 1)
    assert row["quoted_share"] == pytest.approx(len("Lund lies") / len("Moss won. He said Lund lies."))

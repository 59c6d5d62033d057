"""The outlet's own voice: every fact that the sentiment stage promises."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.stages.entities import resolve_entities
from pipeline.stages.sentiment import score_sentiment
from tests.stages.marked import nobody, read


def sentiments(text: str) -> dict[str, dict[str, Any]]:
    marked = read(text)
    rows = score_sentiment(marked[1], resolve_entities(*marked, nobody)[0])
    return {row["name"]: row for row in rows.iter_rows(named=True)}


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

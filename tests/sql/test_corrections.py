"""Shares corrected for the reader's mistakes: intervals hold the truth as often as they say, and skew is undone."""

from __future__ import annotations

import duckdb
import numpy as np
import numpy.typing as npt
import polars as pl
import pytest

from pipeline.training.evaluate import correction
from pipeline.warehouse import FORMULAS, SQL

# A reader's probabilities for a text of each true class, as the parameters of a Dirichlet distribution: right in about
# three of four, and surest of neutral.
READS = np.array([[3.2, 1.6, 0.4], [0.8, 3.4, 0.8], [0.5, 1.6, 2.6]])
NIGHTS = 1500

Array = npt.NDArray[np.float64]


def answers(classes: npt.NDArray[np.int64], rng: np.random.Generator) -> Array:
    """(n, 3) probabilities that such a reader gives for texts of these true classes."""
    drawn = rng.gamma(READS[classes])
    return np.asarray(drawn / drawn.sum(axis=1, keepdims=True))


def simulated(truth: list[float], items: int) -> pl.DataFrame:
    """One row per night: a reader measured on development items of its own, then `items` texts of the true shares; what
    the warehouse's formulas say of the share of the first class, and the raw share."""
    rng = np.random.default_rng(5)
    con = duckdb.connect()
    for name in FORMULAS:
        con.execute((SQL / "macros" / f"{name}.sql").read_text())
    nights, texts = [], []
    for night in range(NIGHTS):
        development = np.repeat([0, 1, 2], [270, 350, 160])
        known = correction(answers(development, rng), development)
        nights.append({"night": night} | {f"{w}_{k}": v for w in ("weights", "variances") for k, v in known[w].items()})
        read = answers(rng.choice(3, items, p=truth), rng)
        texts.append(pl.DataFrame(read, ["negative", "neutral", "positive"]).with_columns(night=pl.lit(night)))
    con.register("nights", pl.DataFrame(nights))
    con.register("texts", pl.concat(texts))
    parts = ", ".join(
        f"corrected(weights_{k}, negative, neutral, positive) AS c_{k}" for k in ("first", "neutral", "last", "score")
    )
    return con.sql(f"""
        WITH parts AS (SELECT *, {parts} FROM texts JOIN nights USING (night)),
        sums AS (
            SELECT night, count(*) AS n, any_value(variances_first) AS v_first, any_value(variances_score) AS v_score,
                avg(c_first)::DOUBLE AS s_first, avg(c_neutral)::DOUBLE AS s_neutral, avg(c_last)::DOUBLE AS s_last,
                sum(c_first) AS t_first, sum(c_first * c_first) AS q_first, sum(c_score) AS t_score,
                sum(c_score * c_score) AS q_score, avg((negative > greatest(neutral, positive))::INT) AS raw
            FROM parts GROUP BY night
        ),
        widths AS (
            SELECT *, corrected_variance(v_first, s_first, s_neutral, s_last) AS a_first,
                corrected_variance(v_score, s_first, s_neutral, s_last) AS a_score FROM sums
        )
        SELECT night, raw, within(s_first, 0, 1) AS share, corrected_low(n, t_first, q_first, a_first, 0) AS low,
            corrected_high(n, t_first, q_first, a_first, 0) AS high,
            corrected_low(n, t_score, q_score, a_score, -1) AS score_low,
            corrected_high(n, t_score, q_score, a_score, -1) AS score_high
        FROM widths ORDER BY night
    """).pl()


@pytest.mark.parametrize("items", [40, 400])
@pytest.mark.parametrize("truth", [[0.2, 0.5, 0.3], [0.6, 0.3, 0.1], [0.1, 0.8, 0.1]])
def test_intervals_of_95_percent_hold_the_truth_in_93_to_97_of_100_nights(truth: list[float], items: int) -> None:
    nights = simulated(truth, items)
    assert 0.93 <= nights.select(pl.lit(truth[0]).is_between("low", "high").mean()).item() <= 0.97
    score = truth[2] - truth[0]
    assert 0.93 <= nights.select(pl.lit(score).is_between("score_low", "score_high").mean()).item() <= 0.97


@pytest.mark.parametrize("truth", [[0.1, 0.8, 0.1], [0.75, 0.2, 0.05], [0.02, 0.18, 0.8]])
def test_where_classes_are_skewed_a_corrected_share_is_nearer_to_the_truth(truth: list[float]) -> None:
    nights = simulated(truth, 400)
    off = nights.select(raw=(pl.col("raw") - truth[0]).abs().mean(), share=(pl.col("share") - truth[0]).abs().mean())
    assert off["share"].item() < 0.8 * off["raw"].item()


def test_a_reader_that_makes_no_mistakes_needs_no_correction() -> None:
    gold = np.repeat([0, 1, 2], 20)
    known = correction(np.eye(3)[gold], gold)
    assert known["weights"] == {
        "first": [1, 0, 0],
        "neutral": [0, 1, 0],
        "last": [0, 0, 1],
        "score": [-1, 0, 1],
    }
    assert set(known["variances"]["score"]) == {0}

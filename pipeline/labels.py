"""When an answer of the reader is a label, and when it is none."""

from __future__ import annotations

import polars as pl

# From which probability on a side is named. Sides toward entities and issues: chosen on the annotated development
# articles, for the best F1 where seven of ten shown sides are right. An outlet's own voice takes a side so seldom that
# the reader has to be surer (docs/research/2026-11-30-sides.md).
SIDE_FROM, ISSUE_FROM, VOICE_FROM = 0.65, 0.5, 0.8
NEUTRAL_FROM = 0.5


def likeliest(first: str, neutral: str, last: str, side_from: float = SIDE_FROM) -> pl.Expr:
    """The class that is likely enough to be named, of columns named like the classes; null: the reader abstains."""
    side = pl.when(pl.col(first) >= pl.col(last)).then(pl.lit(first)).otherwise(pl.lit(last))
    return (
        pl.when(pl.max_horizontal(first, last) >= side_from)
        .then(side)
        .when(pl.col(neutral) >= NEUTRAL_FROM)
        .then(pl.lit(neutral))
    )


def issue_passage(holder: str, cue: str | None, said: str, before: str) -> str:
    """What the reader is given of a statement to judge its stance on an issue: who says what, then the words before."""
    return f"{holder} {cue or ''}: {said}" + (f" ({before.strip()})" if before.strip() else "")


# Code points before a statement that are read with it, and in which an issue that it may be about is named.
CONTEXT, ISSUE_REACH = 200, 600

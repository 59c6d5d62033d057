"""When an answer of the reader is a label, and when it is none."""

from __future__ import annotations

import polars as pl

# To say that somebody takes a side takes more than to say that they take none: a side wrongly given weighs more. Chosen
# on rows read by eye and on judged mentions of press texts (docs/stance.md).
SIDE_FROM = 0.55
NEUTRAL_FROM = 0.5


def likeliest(first: str, neutral: str, last: str) -> pl.Expr:
    """The class that is likely enough to be named, of columns named like the classes; null: the reader abstains."""
    named = [pl.when(pl.col(side) >= SIDE_FROM).then(pl.lit(side)) for side in (first, last)]
    return pl.coalesce(*named, pl.when(pl.col(neutral) >= NEUTRAL_FROM).then(pl.lit(neutral)))


def issue_passage(holder: str, cue: str | None, said: str, before: str) -> str:
    """What the reader is given of a statement to judge its stance on an issue: who says what, then the words before."""
    return f"{holder} {cue or ''}: {said}" + (f" ({before.strip()})" if before.strip() else "")


# Code points before a statement that are read with it, and in which an issue that it may be about is named.
CONTEXT, ISSUE_REACH = 200, 600

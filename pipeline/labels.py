"""When an answer of the reader is a label, and when it is none."""

from __future__ import annotations

import polars as pl

# Below this no class is likelier than the others together, and naming one would be a guess.
LABEL_FROM = 0.5


def likeliest(*classes: str) -> pl.Expr:
    """The class with the largest probability, of columns named like the classes; null where the reader abstains."""
    top = pl.max_horizontal(classes)
    return (
        pl.when(top >= LABEL_FROM)
        .then(pl.coalesce(pl.when(pl.col(name) == top).then(pl.lit(name)) for name in classes))
        .otherwise(None)
    )

"""How what an earlier version wrote becomes what the contracts say now.

A column that the contract no longer has is dropped; one that may be null is null in old rows; types are cast. A column
that may not be null needs a line in `OLD_VALUES`, or the stage of those days has to be run again, and says so.
"""

from __future__ import annotations

from datetime import UTC, datetime

import dataframely as dy
import polars as pl

from pipeline.schemas import COMMITMENTS, Entities, Printings, Statements

# What stands, in rows of an earlier version, in columns that it did not have.
OLD_VALUES: dict[type[dy.Schema], dict[str, pl.Expr]] = {
    Entities: {
        "is_metonym": pl.lit(False),  # no place stood for a government then
        "is_modifier": pl.lit(False),  # and every span was somebody's target
    },
    Statements: {
        "is_continued": pl.lit(False),
        # A statement of before there were commitments was taken for one that its speaker stands behind.
        **{name: pl.lit(float(name == "asserted")) for name in COMMITMENTS},
        "targets": pl.lit([], Statements.columns()["targets"].dtype),
    },
    Printings: {  # told anew by the publish that brings the lake up to date
        "published_at": pl.lit(datetime(1, 1, 1, tzinfo=UTC)),
        "days": pl.lit([], pl.List(pl.Date)),
    },
}


class UpgradeError(Exception):
    """The frame lacks what nothing can stand for: the message names the columns."""


def as_contract(schema: type[dy.Schema], frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with the columns of the contract, in their order; not validated.

    Raises:
        UpgradeError: see there.
    """
    columns, values = schema.columns(), OLD_VALUES.get(schema, {})
    if schema is Statements and "commitment" in frame.columns:  # a label, where there are five probabilities now
        label = pl.col("commitment").cast(pl.String)
        frame = frame.with_columns((label == name).cast(pl.Float32).alias(name) for name in COMMITMENTS)
    lacking = [name for name in columns if name not in frame.columns]
    if lost := [name for name in lacking if name not in values and not columns[name].nullable]:
        raise UpgradeError(f"an earlier version wrote it without {', '.join(lost)}")
    old = [values.get(name, pl.lit(None, columns[name].dtype)).alias(name) for name in lacking]
    return frame.with_columns(*old).select(list(columns))

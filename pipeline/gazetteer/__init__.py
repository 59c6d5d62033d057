"""The shipped gazetteer: known people, organisations and places. `python -m pipeline.gazetteer build` makes it anew."""

from __future__ import annotations

from pathlib import Path

import dataframely as dy
import polars as pl

from pipeline.schemas import Gazetteer

FILE = Path(__file__).with_name("known.parquet")


def load_gazetteer(file: Path = FILE) -> dy.DataFrame[Gazetteer]:
    """The known entities, one row each, sorted by id."""
    return Gazetteer.validate(pl.read_parquet(file), cast=True)

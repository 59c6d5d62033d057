"""The shipped reader on a whole article of ours: who stands where on whom, and on the issue."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import partial

import polars as pl
import pytest

from pipeline.gazetteer import load_names
from pipeline.reader import load_reader
from pipeline.schemas import Articles
from pipeline.stages.entities import resolve_entities
from pipeline.stages.read import read_articles
from pipeline.stages.stance import score_stance
from tests.reader.retold import BODY, ISSUE, KNOWN

DAY = date(2026, 1, 5)


@pytest.fixture(scope="module")
def stances() -> pl.DataFrame:
    reader = load_reader()
    at = datetime.combine(DAY, datetime.min.time(), UTC)
    row = {name: "-" for name, column in Articles.columns().items() if column.dtype == pl.String} | {
        "day": DAY, "published_at": at, "published_on": DAY, "published_at_origin": "day", "body": BODY,
        "language": "en", "authors": [], "is_reprint": False,
    }  # fmt: skip
    articles = Articles.validate(pl.DataFrame([row]), cast=True)
    mentions, statements, references, _ = read_articles(articles, reader)
    entities, _ = resolve_entities(articles, mentions, statements, references, load_names(KNOWN))
    return score_stance(articles, statements, entities, (ISSUE,), partial(reader.stance, of_statements=True))


@pytest.mark.parametrize(
    ("holder", "target", "stance"),
    [
        ("Karla Leverett", ISSUE.name, "favour"),
        ("Andris Koval", "Aldo Varga", "against"),
        ("analysts", "Aldo Varga", "against"),
    ],
)
def test_who_stands_where(stances: pl.DataFrame, holder: str, target: str, stance: str) -> None:
    rows = stances.filter(pl.col("holder") == holder, pl.col("target") == target)
    assert stance in rows["stance"].to_list()
    assert set(rows["stance"].drop_nulls().to_list()) <= {stance, "neutral"}


@pytest.mark.parametrize(("holder", "target"), [("Piet Gerolt", "Sund")])
def test_a_side_that_is_not_sure_leans_the_right_way(stances: pl.DataFrame, holder: str, target: str) -> None:
    rows = stances.filter(pl.col("holder") == holder, pl.col("target") == target)
    assert rows["against"].max() > 2 * rows["favour"].max()  # type: ignore[operator]
    assert "favour" not in rows["stance"].to_list()

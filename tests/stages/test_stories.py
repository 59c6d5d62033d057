"""Copies and stories over days: every fact that the stage promises, on invented texts."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import dataframely as dy
import polars as pl
import pytest

from pipeline.schemas import Articles, Printings, Sketches
from pipeline.settings import Outlet
from pipeline.stages.stories import CONTEXT, COPY_WINDOW, EarlierError, monday, sketch_articles, tell_stories
from tests.stages.test_normalise import OTHER, STORY

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
WIRE, TIMES, POST = "northwire.example", "harbourtimes.example", "islandpost.example"
OUTLETS = (
    Outlet(domain=WIRE, name="Northwire"),
    Outlet(domain=TIMES, name="The Harbour Times"),
    Outlet(domain=POST, name="Island Post"),
)
LINES = STORY.split("\n")
FOLLOW_UP = """The city's refusal to sell the old harbour to Norvane drew protest from its opposition on Tuesday.
Tomas Brandt said that Mayor Ines Calder had thrown away four hundred jobs, and he gathered names for a public vote.
Norvane, the shipping group, told the council in Port Ellery that its offer would stand until the end of the month."""
NOBODY = pl.DataFrame(schema={"article_id": pl.String, "entity_id": pl.String})


def sketches(*rows: dict[str, Any]) -> dy.DataFrame[Sketches]:
    """Articles a0, a1, … an hour apart, each as far as its test says otherwise."""
    whole = [
        {
            "article_id": f"a{number}",
            "raw_id": f"{number}",
            "outlet": TIMES,
            "source": "archive-0",
            "url": f"http://harbourtimes.example/{number}",
            "title": f"Headline {number}",
            "body": STORY,
            "language": "en",
            "authors": [],
            "published_at": NOON + timedelta(hours=number),
            "published_at_origin": "source",
            "text_hash": "-",
            "byline": None,
        }
        | row
        for number, row in enumerate(rows)
    ]
    frame = pl.DataFrame(whole, infer_schema_length=None).with_columns(published_on=pl.col("published_at").dt.date())
    if "day" not in frame.columns:
        frame = frame.with_columns(day=pl.col("published_on"))
    return sketch_articles(Articles.validate(frame, cast=True), OUTLETS)


def told(given: dy.DataFrame[Sketches], entities: pl.DataFrame = NOBODY) -> dict[str, tuple[str, str | None]]:
    """Of each article its story and the article that it copies."""
    rows = tell_stories(given, entities).iter_rows()
    return {article: (story, copied) for article, story, copied, *_ in rows}


@pytest.mark.parametrize(
    "copy",
    [
        STORY,
        STORY.upper(),
        "PORT ELLERY - " + STORY,
        "\n".join(LINES[:3]),
        "\n".join([*LINES, *OTHER.split("\n")[:2]]),
        STORY.replace("said on Monday", "announced Monday").replace("costly mistake", "blunder"),
    ],
    ids=["same", "case", "dateline", "cut in half", "with own paragraphs", "edited"],
)
@pytest.mark.parametrize("later", [timedelta(hours=1), timedelta(days=6)], ids=["same day", "another day"])
def test_a_copy_is_a_reprint_of_the_first_printing(copy: str, later: timedelta) -> None:
    given = sketches({}, {"outlet": POST, "body": copy, "published_at": NOON + later})
    assert told(given) == {"a0": ("a0", None), "a1": ("a0", "a0")}


@pytest.mark.parametrize(("late", "is_copy"), [(timedelta(0), True), (timedelta(seconds=1), False)])
def test_a_text_printed_again_much_later_is_no_copy(late: timedelta, is_copy: bool) -> None:
    given = sketches({}, {"published_at": NOON + COPY_WINDOW + late})
    assert told(given)["a1"] == (("a0", "a0") if is_copy else ("a1", None))


@pytest.mark.parametrize("other", [OTHER, OTHER + "\n" + LINES[2]], ids=["unrelated", "with the same quote"])
def test_another_text_is_another_story(other: str) -> None:
    assert told(sketches({}, {"body": other})) == {"a0": ("a0", None), "a1": ("a1", None)}


def test_of_printings_at_one_time_the_first_outlet_by_name_is_first() -> None:
    given = sketches({"outlet": POST, "published_at": NOON}, {"outlet": TIMES, "published_at": NOON})
    assert told(given) == {"a0": ("a1", "a1"), "a1": ("a1", None)}


@pytest.mark.parametrize(
    "credit",
    [{"authors": ["Northwire"]}, {"body": "PORT ELLERY (Northwire) - " + STORY}, {"body": STORY + "\n(Northwire)"}],
    ids=["author", "dateline", "last line"],
)
def test_a_copy_that_names_the_wire_is_the_wires_even_where_it_was_printed_first(credit: dict[str, Any]) -> None:
    given = sketches(credit, {"outlet": WIRE}, {"outlet": POST})
    assert told(given) == {"a0": ("a1", "a1"), "a1": ("a1", None), "a2": ("a1", "a1")}


def test_a_wire_that_did_not_print_the_text_takes_no_credit() -> None:
    given = sketches({"authors": ["Northwire"]}, {"outlet": POST}, {"outlet": WIRE, "body": OTHER})
    assert told(given)["a1"] == ("a0", "a0")


def test_a_hundred_copies_are_of_one_story() -> None:
    stories = tell_stories(sketches(*({"outlet": POST} for _ in range(100))), NOBODY)
    assert stories["reprint_of"].to_list().count("a0") == 99


def others(count: int = 20) -> list[dict[str, Any]]:
    """The rest of a week's news: words that all articles share, in no order, and names that each has alone."""
    draw, shared = random.Random(1), sorted({word for word in f"{STORY} {OTHER}".split() if word.islower()})
    return [
        {
            "article_id": f"x{n}",
            "title": f"Q{n} of Z{n}",
            "body": " ".join(draw.sample(shared, len(shared)) + [f"V{n}", f"W{n}", f"U{n}"] * 3),
        }
        for n in range(count)
    ]


def test_another_text_on_the_same_thing_is_of_the_story_and_no_reprint() -> None:
    given = sketches(
        {"title": "City keeps its harbour"},
        {"title": "Flood in the valleys", "body": OTHER},
        {"title": "Norvane harbour refusal angers opposition", "outlet": POST, "body": FOLLOW_UP},
        *others(),
    )
    stories = told(given)
    assert stories["a1"] == ("a1", None)
    assert stories["a2"] == ("a0", None)
    assert all(stories[f"x{n}"] == (f"x{n}", None) for n in range(20))


def test_whom_two_articles_speak_of_counts_toward_one_story() -> None:
    body = "Relief came late to those who had lost their barns. A visitor in rubber boots promised money before Easter."
    given = sketches({"title": "Valleys", "body": OTHER}, {"title": "Boots", "body": body}, *others())
    shared = [(article, f"e{n}") for n in range(16) for article in ("a0", "a1")]
    named = pl.DataFrame(shared, ["article_id", "entity_id"], orient="row")
    assert told(given)["a1"][0] == "a1"
    assert told(given, named)["a1"][0] == "a0"


@pytest.mark.parametrize(("days", "story"), [(0, "a0"), (1, "a0"), (4, "a1")])
def test_a_follow_up_comes_within_days(days: int, story: str) -> None:
    given = sketches({}, {"body": FOLLOW_UP, "published_at": NOON + timedelta(days=days, hours=1)}, *others())
    assert told(given)["a1"][0] == story


def test_a_revision_is_the_same_article_and_no_copy_of_itself() -> None:
    first, corrected = date(2026, 1, 5), date(2026, 1, 6)
    given = sketches(
        {"article_id": "a", "day": first},
        {"article_id": "a", "day": corrected, "body": STORY + "\nThis article was corrected."},
        {"article_id": "b", "day": first, "published_at": NOON + timedelta(minutes=30), "outlet": POST},
    )
    assert told(given) == {"a": ("a", None), "b": ("a", "a")}


def test_a_late_earlier_printing_gives_the_story_its_id_and_the_old_id_leads_there() -> None:
    known = sketches({"article_id": "b"}, {"article_id": "c", "outlet": POST})
    assert told(known)["c"][0] == "b"
    earlier = {"article_id": "a", "outlet": WIRE, "published_at": NOON - timedelta(days=1), "day": date(2026, 1, 9)}
    day = {"day": date(2026, 1, 5)}
    stories = told(sketches({"article_id": "b"} | day, {"article_id": "c", "outlet": POST} | day, earlier))
    assert {story for story, _ in stories.values()} == {"a"}
    assert "b" in stories


def week(seed: int = 0) -> Sequence[dict[str, Any]]:
    """Thirty articles of seven days: copies, follow-ups, others."""
    draw = random.Random(seed)
    bodies = [STORY, OTHER, FOLLOW_UP, "\n".join(LINES[:4]), OTHER + "\n" + LINES[3], OTHER.upper()]
    return [
        {
            "body": draw.choice(bodies),
            "outlet": draw.choice([WIRE, TIMES, POST]),
            "published_at": NOON + timedelta(hours=draw.randrange(168)),
            "authors": draw.choice([[], ["Northwire"]]),
        }
        for _ in range(30)
    ]


@pytest.mark.parametrize("seed", range(3))
def test_the_order_in_which_days_were_run_makes_no_difference(seed: int) -> None:
    given = sketches(*week(seed))
    backwards = Sketches.validate(pl.concat(given.partition_by("day", maintain_order=True)[::-1]))
    shuffled = Sketches.validate(given.sample(fraction=1, shuffle=True, seed=seed))
    first = tell_stories(given, NOBODY)
    assert tell_stories(backwards, NOBODY).equals(first)
    assert tell_stories(shuffled, NOBODY).equals(first)
    assert first["reprint_of"].null_count() < first.height


def test_a_new_day_changes_no_story_of_weeks_gone_by() -> None:
    old = sketches(*week())
    new = sketches(*({"article_id": f"n{n}", "published_at": NOON + timedelta(days=21)} for n in range(5)))
    both = tell_stories(Sketches.validate(pl.concat([old, new])), NOBODY)
    before = tell_stories(old, NOBODY)
    assert both.filter(pl.col("article_id").is_in(before["article_id"].to_list())).equals(before)


def test_a_lake_without_articles_has_no_stories() -> None:
    assert tell_stories(Sketches.create_empty(), NOBODY).schema == Printings.create_empty().schema


@pytest.mark.parametrize("seed", range(6))
def test_stories_told_on_from_a_monday_are_those_told_anew(seed: int) -> None:
    draw = random.Random(seed)
    words = [f"w{n}" for n in range(120)]
    texts = [" ".join(draw.choices(words, k=60)) for _ in range(12)]
    rows = []
    for hour in range(0, 24 * 40, 9):
        text = draw.choice(texts)
        body = text if draw.random() < 0.5 else text[: len(text) // 2] + " " + " ".join(draw.choices(words, k=30))
        outlet = draw.choice([WIRE, TIMES, POST])
        title = " ".join(body.split()[:6])
        rows.append({"body": body, "title": title, "outlet": outlet, "published_at": NOON + timedelta(hours=hour)})
        rows[-1]["authors"] = ["Northwire"] if draw.random() < 0.1 else []
    every = sketches(*rows)
    anew = tell_stories(every, NOBODY)
    before = tell_stories(Sketches.validate(every.filter(pl.col("published_at") < NOON + timedelta(days=30))), NOBODY)
    since = monday(NOON + timedelta(days=30))
    while True:
        near = before.filter((pl.col("published_at") >= since - CONTEXT) & (pl.col("published_at") < since))
        text = pl.coalesce("reprint_of", "article_id")
        near = before.filter(text.is_in(near.select(text.alias("text"))["text"]) & (pl.col("published_at") < since))
        given = every.filter(
            (pl.col("published_at") >= since) | pl.col("article_id").is_in(near["article_id"].to_list())
        )
        try:
            told_on = tell_stories(Sketches.validate(given), NOBODY, near, since)
            break
        except EarlierError as error:
            since = monday(error.published_at)
    assert told_on.rows() == anew.filter(pl.col("article_id").is_in(told_on["article_id"].to_list())).rows()
    assert 0 < told_on["reprint_of"].count() < told_on.height

"""The analyst's cookbook: every example runs and answers, on a file that is open for reading only."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipeline.lake import Lake
from pipeline.settings import Outlet
from pipeline.warehouse import SQL, build_warehouse
from tests.desk import ALDER, BIRCH, CONFIG, DAY, NEGATIVE, POSITIVE, Desk

EXAMPLES = sorted((SQL / "examples").glob("*.sql"))
CEDAR = "cedar.example"
THREE = CONFIG.model_copy(update={"outlets": (*CONFIG.outlets, Outlet(domain=CEDAR, name="Cedar Wire"))})
TUNNEL = CONFIG.issues[0].name
VOSS, LIND, FERN = ("Mara Voss", "per-mara-voss"), ("Otto Lind", "per-otto-lind"), ("Ada Fern", "per-ada-fern")


def back(days: int) -> date:
    return DAY - timedelta(days=days)


def write_month(lake: Lake) -> Lake:
    """Four weeks of three outlets, an answer to every question among them."""
    desk = Desk(lake)
    for outlet in (ALDER, BIRCH, CEDAR):
        for day in (DAY, back(1), back(20)):
            desk.fetch(outlet, day)
    desk.fetch(CEDAR, back(2), status="failed", records=0, problem="HTTP 503")
    desk.refuse("teaser")
    # Voss changes sides ten days ago; The Alder is kind to her and Birch Daily harsh, on days and in stories apart.
    for n, (outlet, tone) in enumerate([(ALDER, POSITIVE), (BIRCH, NEGATIVE)]):
        for days, side in ((20, NEGATIVE), (19, NEGATIVE), (10, POSITIVE), (9, POSITIVE)):
            words = "“Stop it,”" if side is NEGATIVE else "“Go on,”"
            told = desk.article(f"Mara Voss came. {words} she said.", f"voss-{n}-{days}", outlet, back(days))
            desk.mention(told, *VOSS, polarity=tone)
            said = desk.statement(told, words, "she")
            start = told["body"].index("she")
            desk.entity(told, start, start + 3, VOSS[1], VOSS[0], method="pronoun")
            desk.stance(told, said, VOSS[0], TUNNEL, words, side, holder_id=VOSS[1])
    # One quote in three outlets, shortened by the second, in small letters in the third; and a copy of the first.
    for outlet, words in (
        (ALDER, "“We will not pay a single crown for it, ever.”"),
        (BIRCH, "“not pay a single crown for it”"),
        (CEDAR, "“we will NOT pay a single crown, for it!”"),
    ):
        told = desk.article(f"At sea. {words} Otto Lind said.", f"crown-{outlet}", outlet, back(1))
        desk.mention(told, *LIND)
        said = desk.statement(told, words, "Otto Lind")
        toward_voss = {"holder_id": LIND[1], "target_id": VOSS[1], "target_kind": "entity"}
        desk.stance(told, said, LIND[0], VOSS[0], words, NEGATIVE, **toward_voss)
    # A story that The Alder had at nine, Birch Daily at noon, and Cedar Wire not at all; copied twice.
    for n, (outlet, hour, copied) in enumerate([(ALDER, 9, False), (BIRCH, 12, False), (BIRCH, 15, True)]):
        told = desk.article(
            "Ada Fern left; Mara Voss and Otto Lind came. “I am tired,” officials said. "
            "“Mara Voss is right,” Ada Fern said.",
            f"fern-{n}",
            outlet,
            story_id="fern-0",
            is_reprint=copied,
            published_at=datetime.combine(DAY, time(hour), UTC),
        )
        for name, entity_id in (FERN, VOSS, LIND):
            desk.mention(told, name, entity_id)
        desk.mention(told, *FERN, nth=1)
        desk.statement(told, "“I am tired,”", "officials")
        right = desk.statement(told, "“Mara Voss is right,”", "Ada Fern", 1)
        desk.mention(told, *VOSS, nth=1, statement_id=right, polarity=POSITIVE)
        desk.stance(told, right, FERN[0], TUNNEL, "“Mara Voss is right,”", POSITIVE, holder_id=FERN[1])
    return desk.file()


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("month")
    build_warehouse(write_month(Lake(folder / "lake")), folder / "w.duckdb", THREE, threads=1)
    return folder / "w.duckdb"


def answers(example: str, warehouse: Path) -> list[dict[str, Any]]:
    with duckdb.connect(warehouse, read_only=True) as con:
        found = con.execute((SQL / "examples" / f"{example}.sql").read_text())
        names = [name for name, *_ in found.description or []]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def only(rows: list[dict[str, Any]], **where: Any) -> dict[str, Any]:
    [row] = [row for row in rows if all(row[key] == value for key, value in where.items())]
    return row


def test_there_are_twenty_questions() -> None:
    assert len(EXAMPLES) == 20


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda file: file.stem)
def test_an_example_answers(example: Path, month: Path) -> None:
    assert answers(example.stem, month)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda file: file.stem)
def test_an_example_is_a_question_and_one_statement(example: Path) -> None:
    sql = example.read_text()
    assert "?" in sql.splitlines()[0] and sql.startswith("-- ")
    assert len(duckdb.extract_statements(sql)) == 1


@pytest.mark.parametrize(
    ("example", "where", "says"),
    # One row of each answer: how it is told from the others, and what it has to say.
    [
        ("all_that_one_person_said", {"published_on": back(9), "outlet": ALDER}, {"text": "“Go on,”"}),
        ("are_both_sides_heard", {"outlet": ALDER},
         {"articles": 5, "both_sides": 0, "favour_only": 3, "against_only": 2}),
        ("biggest_stories", {"title": "Title of fern-0"},
         {"outlets": 2, "articles": 3, "reprints": 1, "first_outlet": ALDER}),
        ("first_to_report", {"outlet": ALDER}, {"shared_stories": 1, "first_with": 1, "median_hours_ahead": 3.0}),
        ("first_to_report", {"outlet": BIRCH}, {"shared_stories": 1, "first_with": 0, "median_hours_ahead": None}),
        ("for_and_against", {"holder": "Mara Voss"}, {"favour": 4, "against": 4, "no_side": 0}),
        ("how_each_outlet_treats_one_person", {"name": "Mara Voss", "outlet": BIRCH},
         {"articles": 5, "sentiment": -0.6}),
        ("most_reprinted_story", {},
         {"title": "Title of fern-0", "copies": 1, "copied_by": [BIRCH], "hours_to_first_copy": 6}),
        ("outlets_that_differ_most", {"name": "Mara Voss"}, {"kinder": ALDER, "harsher": BIRCH, "difference": 1.2}),
        ("own_voice_or_speakers", {},
         {"name": "Mara Voss", "mentions_own_voice": 10, "own_voice": 0.0, "in_statements": 0.75}),
        ("quotes_that_spread", {},
         {"speaker": "Otto Lind", "outlets": 3, "articles": 3, "words": "“not pay a single crown for it”"}),
        ("sentences_behind_a_number", {"url": f"https://{BIRCH}/fern-1", "before": ""},
         {"mention": "Ada Fern", "name": "Ada Fern", "score": 0.0, "published_on": DAY}),
        ("she_he_or_they", {"outlet": ALDER, "pronoun": "she"}, {"speakers": 1, "statements": 4}),
        ("she_he_or_they", {"outlet": ALDER, "pronoun": "not said"}, {"speakers": 2, "statements": 2}),
        ("stories_left_out", {}, {"left_out_by": CEDAR, "title": "Title of fern-0", "outlets": 2}),
        ("what_is_missing", {"outlet": CEDAR, "day": back(2)}, {"status": "failed", "reason": "HTTP 503"}),
        ("who_appears_with_whom", {"name_a": "Mara Voss", "name_b": "Ada Fern"},
         {"articles_together": 2, "articles_either": 10, "together_share": 0.2}),  # Voss is in eight others
        ("who_attacks_whom", {},
         {"holder": "Otto Lind", "target": "Mara Voss", "against": 3, "favour": 0, "articles_unique": 3}),
        ("who_gets_quoted_where", {"outlet": CEDAR}, {"speaker_name": "Otto Lind", "share_of_the_outlet": 1.0}),
        ("who_speaks_without_a_name", {"outlet": ALDER},
         {"unnamed": 1, "statements": 7, "most_often_called": "officials"}),
        ("who_was_in_the_news", {"name": "Ada Fern"}, {"articles": 3, "articles_unique": 2, "share_of_the_day": 1.0}),
        ("whose_stance_changed", {}, {"holder": "Mara Voss", "changed_on": back(10), "before": -0.75, "since": 0.75,
         "words_before": "“Stop it,”", "words_since": "“Go on,”", "articles_before": 4, "articles_since": 4}),
    ],
)  # fmt: skip
def test_an_example_means_what_it_asks(example: str, where: dict[str, Any], says: dict[str, Any], month: Path) -> None:
    row = only(answers(example, month), **where)
    assert {key: row[key] for key in says} == says


def test_a_surer_difference_and_a_surer_change_have_an_interval_above_zero(month: Path) -> None:
    assert only(answers("outlets_that_differ_most", month))["difference_low"] > 0
    assert only(answers("whose_stance_changed", month))["change_low"] > 0


def test_what_copies_say_does_not_spread_a_quote(month: Path) -> None:
    assert not [row for row in answers("quotes_that_spread", month) if row["speaker"] == "Ada Fern"]


def test_an_outlet_that_printed_nothing_left_nothing_out(month: Path) -> None:
    # Cedar Wire printed on the day before the story, Birch Daily and The Alder printed the story.
    assert {row["left_out_by"] for row in answers("stories_left_out", month)} == {CEDAR}


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("SELECT DISTINCT text FROM who_said('voss')", [("“The harbour tunnel must be built,”",)]),
        ("SELECT DISTINCT stance FROM stance_of('MARA VOSS', 'Tunnel')", [("favour",)]),
        ("SELECT DISTINCT stance FROM stance_of('lind', 'the harbour tunnel')", [("against",)]),
        ("SELECT DISTINCT stance FROM stance_of('lind', 'voss')", [("against",)]),
        ("SELECT DISTINCT name FROM sentiment_toward('VOSS')", [("Mara Voss",)]),
        ("SELECT count(*) FROM who_said('nobody')", [(0,)]),
    ],
)
def test_a_macro_answers_by_any_name(question: str, answer: list[tuple[object]], warehouse: Path) -> None:
    with duckdb.connect(warehouse, read_only=True) as con:
        assert con.execute(question).fetchall() == answer


def test_a_spokesman_and_a_campaign_speak_for_someone(tmp_path: Path) -> None:
    desk = Desk(Lake(tmp_path / "lake"))
    told = desk.article("Voss spokesman Otto Lind said “wait.” Ada Fern said “no.” The Voss campaign said “soon.”")
    desk.mention(told, *LIND)
    desk.role(told, "Voss spokesman", LIND[1], LIND[0], VOSS)
    desk.mention(told, *FERN)
    desk.mention(told, "Voss", VOSS[1], name=VOSS[0])
    desk.mention(told, "Voss campaign", "org-mara-voss-campaign", name="Mara Voss campaign", type="ORG")
    for words, speaker in (("“wait.”", "Otto Lind"), ("“no.”", "Ada Fern"), ("“soon.”", "Voss campaign")):
        desk.statement(told, words, speaker)
    build_warehouse(desk.file(), tmp_path / "w.duckdb", THREE, threads=1)
    with duckdb.connect(tmp_path / "w.duckdb", read_only=True) as con:
        found = con.execute("SELECT speaker_name, role, text FROM said_for('mara voss') ORDER BY text").fetchall()
    assert found == [("Mara Voss campaign", None, "“soon.”"), ("Otto Lind", "Voss spokesman", "“wait.”")]


def test_evidence_shows_the_words_in_their_place(warehouse: Path) -> None:
    with duckdb.connect(warehouse, read_only=True) as con:
        [(before, evidence, after)] = con.execute(
            "SELECT before, evidence, after "
            "FROM evidence((SELECT min(stance_id) FROM stances WHERE target_id = 'tunnel'))"
        ).fetchall()
    assert before == "Mayor Mara Voss 🌉 opened the pier on Monday.\n"
    assert evidence == "“The harbour tunnel must be built,”"
    assert after.startswith(" Voss said.")

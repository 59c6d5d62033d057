"""Who is who: every fact that the entities stage promises, on invented people and places."""

from __future__ import annotations

from datetime import date
from typing import Any

import dataframely as dy
import polars as pl
import pytest

from pipeline.schemas import Entities, Gazetteer
from pipeline.settings import KnownEntity
from pipeline.stages.entities import INTRODUCED_ALONE, PRONOUN_REACH, resolve_entities
from tests.stages.marked import Marked, read


def _row(
    entity_id: str,
    name: str,
    type: str,
    aliases: tuple[str, ...] = (),
    demonyms: tuple[str, ...] = (),
    gender: str | None = None,
) -> dict[str, object]:
    return {
        "entity_id": entity_id,
        "name": name,
        "type": type,
        "wikidata_id": entity_id if entity_id.startswith("Q") else None,
        "aliases": [name, *aliases],
        "demonyms": list(demonyms),
        "gender": gender,
        "capital_of": None,
    }


GAZETTEER = Gazetteer.validate(
    pl.DataFrame(
        [
            _row("Q1", "Norland", "LOC", demonyms=("Norlander", "Norlanders")),
            _row("Q2", "Ada Brook", "PER", ("Brook", "Ada M. Brook"), gender="f"),
            _row("Q3", "Carl Moss", "PER", gender="m"),
            _row("Q4", "Ina Moss", "PER", gender="f"),
            _row("Q5", "Harbour Bureau", "ORG", ("HB",)),
            _row("Q6", "Sund", "LOC"),
            _row("Q7", "Sund", "LOC"),
        ],
        schema_overrides={"capital_of": pl.String},
    ),
    cast=True,
)
FAR = " " + "The harbour lay still in the rain. " * (INTRODUCED_ALONE // 30)


def resolve(marked: Marked, *known: KnownEntity) -> dy.DataFrame[Entities]:
    return resolve_entities(*marked, known, GAZETTEER)


def named(text: str, *known: KnownEntity) -> list[tuple[str, str, str]]:
    """Words, entity id and method of every resolved span of one article, in order."""
    marked = read(text)
    body = marked[0]["body"][0]
    return [
        (body[row["start"] : row["end"]], row["entity_id"], row["method"])
        for row in resolve(marked, *known).iter_rows(named=True)
    ]


def speaker(text: str) -> str | None:
    """The entity of the first statement's speaker."""
    marked = read(text)
    span = marked[2].row(0, named=True)
    found = resolve(marked).filter(pl.col("start") == span["speaker_start"], pl.col("end") == span["speaker_end"])
    return found["entity_id"].item() if found.height else None


def test_a_surname_takes_the_full_name_of_the_article() -> None:
    assert named("<per>Piet Lund</per> came. <per>Lund</per> left.") == [
        ("Piet Lund", "per-piet-lund", "name"),
        ("Lund", "per-piet-lund", "surname"),
    ]


def test_a_surname_of_two_words_takes_it_too() -> None:
    assert named("<per>Piet van Lund</per> came. <per>Van Lund</per> left.")[1][1] == "per-piet-van-lund"


def test_a_given_name_takes_the_only_one_who_bears_it() -> None:
    assert named("<per>Piet Lund</per> came. <per>Piet</per> left.")[1] == ("Piet", "per-piet-lund", "name")


@pytest.mark.parametrize("form", ["Lund's", "Lund’s", "Mr. Lund", "President Lund", "former Gov. Lund", "LUND"])
def test_possessives_titles_and_case_change_nothing(form: str) -> None:
    assert named(f"<per>Piet Lund</per> came. <per>{form}</per> left.")[1][1] == "per-piet-lund"


def test_a_middle_initial_changes_nothing() -> None:
    spans = named("<per>Piet J. Lund</per> came, then <per>Piet Lund</per>.")
    assert {entity for _, entity, _ in spans} == {"per-piet-lund"}
    assert named("<per>Piet J. Lund</per> came.")[0][1] == "per-piet-lund"


def test_two_different_initials_are_two_people() -> None:
    spans = named("<per>Piet John Lund</per> met <per>Piet Karl Lund</per>.")
    assert spans[0][1] != spans[1][1]


def test_father_and_son_stay_two() -> None:
    spans = named("<per>Piet Lund</per> met <per>Piet Lund Jr.</per>")
    assert [entity for _, entity, _ in spans] == ["per-piet-lund", "per-piet-lund-jr"]


def test_the_type_is_voted_over_the_article() -> None:
    entities = resolve(read("<per>Lund</per> and <per>Lund</per> and <org>Lund</org>"))
    assert entities["type"].to_list() == ["PER"] * 3


def test_a_surname_read_as_a_place_follows_its_full_name() -> None:
    assert named("<per>Piet Lund</per> spoke. <loc>Lund</loc> left.")[1][1] == "per-piet-lund"


def test_a_surname_that_two_bear_close_together_is_left_apart() -> None:
    spans = named("<per>Carl Moss</per> and <per>Ina Moss</per> met. <per>Moss</per> spoke.")
    assert spans[2] == ("Moss", "per-moss", "name")


def test_a_surname_that_two_bear_is_theirs_who_was_introduced_long_before() -> None:
    spans = named(f"<per>Carl Moss</per> came.{FAR}<per>Moss</per> met <per>Ina Moss</per>.")
    assert spans[1] == ("Moss", "Q3", "surname")


@pytest.mark.parametrize(("title", "entity"), [("Mr.", "Q3"), ("Mrs.", "Q4"), ("Ms.", "Q4")])
def test_a_title_tells_a_man_from_a_woman(title: str, entity: str) -> None:
    spans = named(f"<per>Carl Moss</per> met <per>Ina Moss</per>. {title} <per>Moss</per> spoke.")
    assert spans[2] == ("Moss", entity, "surname")


def test_a_title_that_does_not_fit_leaves_the_name_apart() -> None:
    assert named("<per>Carl Moss</per> came. Mrs. <per>Moss</per> left.")[1][1] == "per-moss"


def test_a_full_name_that_the_reader_missed_still_counts() -> None:
    assert named("Carl Moss came. <per>Moss</per> left.") == [("Moss", "Q3", "surname")]


def test_a_known_surname_needs_no_full_name() -> None:
    assert named("<per>Brook</per> left.") == [("Brook", "Q2", "known")]


def test_a_namesake_of_a_known_surname_takes_it_once_introduced() -> None:
    assert named("<per>Piet Brook</per> came. <per>Brook</per> left.")[1][1] == "per-piet-brook"
    assert named("<per>Brook</per> left. <per>Piet Brook</per> came.")[0][1] == "Q2"


def test_a_span_with_too_much_in_it_is_known_by_its_last_words() -> None:
    assert named("<per>Norlander premier Ada Brook</per> came.") == [("Norlander premier Ada Brook", "Q2", "known")]


def test_an_alias_of_two_entities_links_to_none() -> None:
    assert named("in <loc>Sund</loc>") == [("Sund", "loc-sund", "name")]


def test_the_operator_settles_an_alias() -> None:
    known = KnownEntity(id="sund-city", name="Sund City", type="LOC", aliases=("Sund",))
    assert named("in <loc>Sund</loc>", known) == [("Sund", "sund-city", "known")]


def test_an_operators_wikidata_id_joins_the_gazetteers_entity() -> None:
    known = KnownEntity(id="brook", name="Ada Maria Brook", type="PER", aliases=("the Miller",), wikidata_id="Q2")
    entities = resolve(read("<per>the Miller</per> is <per>Ada Brook</per>"), known)
    assert entities.select("entity_id", "name").unique().rows() == [("Q2", "Ada Maria Brook")]


def test_a_demonym_is_its_country() -> None:
    assert named("<misc>Norlander</misc> troops and <misc>Norlanders</misc>") == [
        ("Norlander", "Q1", "demonym"),
        ("Norlanders", "Q1", "demonym"),
    ]


def test_an_acronym_is_its_expansion() -> None:
    spans = named("the <org>Free Fishers Union</org> (<org>FFU</org>) and the <org>F.F.U.</org>")
    assert [entity for _, entity, _ in spans] == ["org-free-fishers-union"] * 3
    assert spans[1][2] == "acronym"


def test_a_known_acronym_keeps_its_own_expansion() -> None:
    spans = named("the <org>Hill Brigade</org> and the <org>HB</org>")
    assert [entity for _, entity, _ in spans] == ["org-hill-brigade", "Q5"]


def test_a_known_organisation_read_as_a_person_is_itself() -> None:
    assert named("<per>Harbour Bureau</per> said") == [("Harbour Bureau", "Q5", "known")]


def test_a_word_that_names_nothing_has_no_row() -> None:
    assert named("<per>they</per> and <per>Sen.</per> and <org>It</org>") == []


@pytest.mark.parametrize(
    ("span", "entity"),
    [
        ("<per>Piet Lund</per>, head of the <org>Harbour Bureau</org>,", "per-piet-lund"),
        ("<org>Harbour Bureau</org> Press Secretary <per>Piet Lund</per>", "per-piet-lund"),
        ("<per>Carl Moss</per> spokesman <per>Piet Lund</per>", "per-piet-lund"),
        ("<per>Carl Moss</per>'s lawyer, <per>Piet Lund</per>", "per-piet-lund"),
        ("chief of staff <per>Piet Lund</per>", "per-piet-lund"),
        ("<per>Piet Lund</per>, who backs <per>Carl Moss</per>", "per-piet-lund"),
        ("<per>Piet Lund</per> (<loc>Norland</loc>)", "per-piet-lund"),
        ("<per>Carl Moss</per>'s campaign manager", None),
        ("a <per>Carl Moss</per> aide", None),
        ("supporters of <per>Carl Moss</per>", None),
        ("a spokesman for <per>Carl Moss</per>", None),
        ("someone who knows <per>Carl Moss</per>", None),
        ("the <org>Harbour Bureau</org>", "Q5"),
        ("a <org>Harbour Bureau</org> official", "Q5"),
        ("officials at the <org>Harbour Bureau</org>", "Q5"),
        ("a former <org>Harbour Bureau</org> clerk", None),
        ("<loc>Norland</loc>'s analysts", None),
        ("two <misc>Norlander</misc> officials", None),
        ("two passers-by", None),
    ],
)
def test_the_speaker_is_the_head_of_the_span(span: str, entity: str | None) -> None:
    assert speaker(f"<who>{span}</who> said <said>it rains</said>.") == entity


def test_a_speaker_that_the_reader_did_not_mark_is_found_by_name() -> None:
    assert speaker("<per>Piet Lund</per> came. <who>Lund</who> said no. <per>Lund</per> <said>left</said>.") == (
        "per-piet-lund"
    )


@pytest.mark.parametrize(
    ("text", "entity"),
    [
        ("<per>Carl Moss</per> came. <who>He</who> said <said>no</said>.", "Q3"),
        ("<per>Carl Moss</per> met <per>Ina Moss</per>. <who>She</who> said <said>no</said>.", "Q4"),
        ("<per>Carl Moss</per> came. <who>She</who> said <said>no</said>.", None),
        ("<who>He</who> said <said>no</said>. <per>Carl Moss</per> left.", None),
        ("<per>Carl Moss</per>'s boat sank. <who>He</who> said <said>no</said>.", None),
        (
            "<per>Ina Moss</per> met <per>Piet Lund</per> and <per>Jo Hart</per>. <who>He</who> said <said>no</said>.",
            None,
        ),
        (
            f"<per>Carl Moss</per> came. {'It rained. ' * (PRONOUN_REACH // 10)}<who>He</who> said <said>no</said>.",
            None,
        ),
    ],
)
def test_a_pronoun_takes_the_sure_person_of_the_nearest_sentence(text: str, entity: str | None) -> None:
    assert speaker(text) == entity


@pytest.mark.parametrize(("between", "entity"), [(", ", "Q3"), (" ", "Q3"), (" came and everyone ", None)])
def test_who_is_the_person_right_before(between: str, entity: str | None) -> None:
    assert speaker(f"<per>Carl Moss</per>{between}<who>who</who> said <said>no</said>.") == entity


def test_a_name_inside_a_statement_is_not_who_he_is() -> None:
    text = (
        '<who n="0"><per>Carl Moss</per></who> said <said n="0">that <per>Piet Lund</per> lies</said>. '
        '<who n="1">He</who> added <said n="1">more</said>.'
    )
    marked = read(text)
    pronoun = resolve(marked).filter(pl.col("method") == "pronoun")
    assert pronoun["entity_id"].to_list() == ["Q3"]


def test_a_pronoun_that_the_reader_marks_as_a_mention_is_resolved_once() -> None:
    spans = named("<per>Carl Moss</per> came. <who><per>He</per></who> said <said>no</said>.")
    assert spans[1:] == [("He", "Q3", "pronoun")]


TEXTS = (
    "<per>Piet Lund</per> met <per>Moss</per> of the <org>Free Fishers Union</org> (<org>FFU</org>).",
    f"<per>Carl Moss</per>{FAR}<per>Ina Moss</per>, <per>Jo Moss</per>, <per>Al Moss</per>."
    " <who>Mr. <per>Moss</per></who> said <said><per>Moss</per> and <org>Moss</org> left</said>. <per>Lund</per> left.",
)


def test_ids_do_not_depend_on_other_articles_or_days() -> None:
    together = resolve(read(*TEXTS, days=(date(2026, 1, 5), date(2026, 1, 6))))
    alone = pl.concat(resolve(read(text)) for text in TEXTS)
    assert together.drop("day", "article_id").equals(alone.drop("day", "article_id"))


@pytest.mark.parametrize("seed", range(5))
def test_rows_do_not_depend_on_the_order_of_rows(seed: int) -> None:
    marked = read(*TEXTS)
    shuffled: list[Any] = [frame.sample(fraction=1, shuffle=True, seed=seed) for frame in (*marked, GAZETTEER)]
    articles, mentions, statements, gazetteer = shuffled
    assert resolve(marked).equals(resolve_entities(articles, mentions, statements, (), gazetteer))


def test_nothing_in_nothing_out() -> None:
    marked = read("<per>Lund</per>")
    empty = (marked[0].clear(), marked[1].clear(), marked[2].clear())
    assert resolve_entities(*empty, (), GAZETTEER).is_empty()

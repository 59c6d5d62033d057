"""Who is who: every fact that the entities stage promises, on invented people and places."""

from __future__ import annotations

from datetime import date
from typing import Any

import dataframely as dy
import polars as pl
import pytest

from pipeline.gazetteer import entities_of, frame_of, merged, names_of
from pipeline.names import LookUp
from pipeline.schemas import Entities, Gazetteer, References
from pipeline.settings import KnownEntity
from pipeline.stages.entities import resolve_entities
from pipeline.stages.entities.names import INTRODUCED_ALONE
from pipeline.stages.entities.pronouns import PRONOUN_REACH
from tests.stages.marked import NO_LINKS, Marked, read


def _row(entity_id: str, name: str, type: str, aliases: tuple[str, ...] = (), **given: Any) -> dict[str, Any]:
    wikidata_id = entity_id if entity_id.startswith("Q") else None
    return (
        {"entity_id": entity_id, "name": name, "type": type, "wikidata_id": wikidata_id}
        | {"aliases": [name, *aliases]}
        | given
    )


def _office(role: str, of: str, starts_on: date | None = None, ends_on: date | None = None) -> dict[str, Any]:
    return {"role": role, "of": of, "starts_on": starts_on, "ends_on": ends_on}


GAZETTEER = frame_of(
    [
        _row("Q1", "Norland", "LOC", demonyms=["Norlander", "Norlanders"]),
        _row("Q2", "Ada Brook", "PER", ("Brook", "Ada M. Brook"), gender="f", country="Q1"),
        _row("Q3", "Carl Moss", "PER", gender="m"),
        _row("Q4", "Ina Moss", "PER", gender="f"),
        _row("Q5", "Harbour Bureau", "ORG", ("HB",)),
        _row("Q6", "Sund", "LOC", country="Q1"),
        _row("Q7", "Sund", "LOC", country="Q9"),
        _row("Q8", "Eldmark", "LOC", country="Q1", stands_for="Q1"),
        _row("Q10", "Grey House", "ORG", country="Q1", stands_for="Q10"),
        _row("Q11", "Odo Vale", "PER", gender="m", offices=[
            _office("president", "Q1", date(2020, 1, 1), date(2025, 1, 1)), _office("senator", "Q6"),
        ]),
        _row("Q12", "Rae Holm", "PER", gender="f", offices=[_office("president", "Q1", date(2025, 1, 1))]),
        _row("Q13", "Tom Kerr", "PER", gender="m", offices=[_office("senator", "Q6")]),
        _row("Q14", "Lee Ash", "PER", starts_on=date(2027, 1, 1)),
        _row("Q15", "Lee Ash", "PER", ends_on=date(1900, 1, 1)),
        _row("Q16", "Norland Senate", "ORG", ("Senate",), country="Q1"),
        _row("Q17", "Westmark", "LOC", demonyms=["Westmarker"]),
        _row("Q18", "Old Mill Union", "ORG", ("OMU",)),
        _row("Q19", "Silva", "ORG"),
        _row("Q22", "Louisiana", "LOC", country="Q1"),
        _row("Q23", "Massachusetts", "LOC", ("Mass",), country="Q1"),
        _row("Q24", "Lantern", "LOC", ("LA",), country="Q1"),
        _row("Q25", "World Herring Office", "ORG", ("WHO",)),
    ]
)  # fmt: skip
FAR = " " + "The harbour lay still in the rain. " * (INTRODUCED_ALONE // 30)


def look_up(*known: KnownEntity, gazetteer: dy.DataFrame[Gazetteer] = GAZETTEER) -> LookUp:
    names = pl.concat([names_of(entities_of(known), 0), names_of(gazetteer, 1)])
    return lambda keys: merged(names.lazy().filter(pl.col("key").is_in(keys.implode())))


def resolve(marked: Marked, *known: KnownEntity) -> dy.DataFrame[Entities]:
    return resolve_entities(*marked, NO_LINKS, look_up(*known))[0]


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


def test_a_name_of_two_is_not_whom_the_article_names_by_another() -> None:
    twins = frame_of(
        [_row("Q1", "Norland", "LOC")]
        + [
            _row(id, name, "PER", ("Jo Tarn",), country="Q1")
            for id, name in (("Q20", "Jo A. Tarn"), ("Q21", "Jo B. C. Tarn"))
        ]
    )
    marked = read("<loc>Norland</loc>: <per>Jo A. Tarn</per>, not <per>Jo Tarn</per>, came.")
    found = resolve_entities(*marked, NO_LINKS, look_up(gazetteer=twins))[0]
    assert found["entity_id"].to_list() == ["Q1", "Q20", "Q21"]


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
    assert spans[2] == ("Moss", "per-moss", "ambiguous")


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
    assert named("Carl Moss came. <per>Moss</per> left.") == [("Carl Moss", "Q3", "known"), ("Moss", "Q3", "surname")]


def test_a_known_surname_needs_no_full_name() -> None:
    assert named("<per>Brook</per> left.") == [("Brook", "Q2", "known")]


def test_a_namesake_of_a_known_surname_takes_it_once_introduced() -> None:
    assert named("<per>Piet Brook</per> came. <per>Brook</per> left.")[1][1] == "per-piet-brook"
    assert named("<per>Brook</per> left. <per>Piet Brook</per> came.")[0][1] == "Q2"


def test_a_span_with_too_much_in_it_is_known_by_its_last_words() -> None:
    assert named("<per>Norlander premier Ada Brook</per> came.") == [("Norlander premier Ada Brook", "Q2", "known")]


def test_an_alias_of_two_entities_links_to_none() -> None:
    assert named("in <loc>Sund</loc>") == [("Sund", "loc-sund", "ambiguous")]


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


def test_a_name_cut_off_after_a_title_is_whose_title_it_is() -> None:
    words = [entity for _, entity, _ in named("<per>Farshire Rep</per>. Piet Lund left. <per>Lund</per> came.")]
    assert words == ["per-piet-lund", "per-piet-lund"]


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
        ("<per>Carl Moss</per>'s letter", "Q3"),
        ("Wyoming chairman <per>Piet Lund</per>", "per-piet-lund"),
        ("<per>Carl Moss</per>'s campaign manager", None),
        ("a <per>Carl Moss</per> aide", None),
        ("supporters of <per>Carl Moss</per>", None),
        ("a spokesman for <per>Carl Moss</per>", None),
        ("someone who knows <per>Carl Moss</per>", None),
        ("everyone but <per>Carl Moss</per>", None),
        ("some in the “<org>Harbour Bureau</org>” crowd", None),
        ("a study by <per>Ina Moss</per> of <loc>Sund</loc> and <per>Carl Moss</per>", None),
        ("strategists for <per>Carl Moss</per> and <per>Piet Lund</per>", None),
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
            "<per>Ina Moss</per> met <per>Quill Lund</per> and <per>Jo Hart</per>. <who>He</who> said <said>no</said>.",
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


@pytest.mark.parametrize(
    ("between", "entity"),
    [(", ", "Q3"), (" ", "Q3"), (" (R-Sund), a lawyer, ", "Q3"), (" came and everyone ", None), ("'s aide, ", None)],
)
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


def of(text: str, words: str, nth: int = 0) -> dict[str, Any]:
    """The resolved span of the `nth` time that the article says the words; empty where it is not resolved."""
    marked = read(text)
    start, body = -1, marked[0]["body"][0]
    for _ in range(nth + 1):
        start = body.index(words, start + 1)
    found = resolve(marked).filter(pl.col("start") == start, pl.col("end") == start + len(words))
    return found.row(0, named=True) if found.height else {}


# --- names that the reader passed over -------------------------------------------------------------------------------


def test_a_name_of_the_article_is_found_where_the_reader_passed_over_it() -> None:
    text = "<per>Piet Lund</per> came. <org>Free Fishers</org> left. Then Lund met Free Fishers."
    assert of(text, "Lund", 1)["entity_id"] == "per-piet-lund"
    assert of(text, "Free Fishers", 1)["entity_id"] == "org-free-fishers"


@pytest.mark.parametrize(
    ("text", "words", "entity"),
    [
        ("They wrote to Carl Moss.", "Carl Moss", "Q3"),
        ("Then Norlanders left.", "Norlanders", "Q1"),
        ("Former Norland Gov. Carl Moss came.", "Carl Moss", "Q3"),
        ("Former Norland Gov. Carl Moss came.", "Norland", "Q1"),
        ("Union chairman Piet Lund came.", "Piet Lund", "per-piet-lund"),
        ("The local newspaper Tide wrote of it.", "Tide", "org-tide"),
        ("President Brook came. Later Brook left.", "President Brook", "Q2"),
    ],
)
def test_a_name_that_is_known_or_introduced_is_found_unmarked(text: str, words: str, entity: str) -> None:
    assert of(text, words).get("entity_id") == entity


def test_a_surname_is_found_beside_a_titled_one_that_was_passed_over_too() -> None:
    assert of("President Brook came. Later Brook left.", "Brook", 1)["entity_id"] == "Q2"


@pytest.mark.parametrize("text", ["Piet Lund came.", "Brook trout is good.", "On Monday It rained."])
def test_capitals_alone_make_no_name(text: str) -> None:
    assert named(text) == []


# --- which of several ------------------------------------------------------------------------------------------------


def test_a_bare_surname_that_stands_before_the_second_bearer_comes_is_the_first_s() -> None:
    spans = named("<per>Carl Moss</per> came. <per>Moss</per> met <per>Ina Moss</per>. <per>Moss</per> left.")
    assert [entity for _, entity, _ in spans] == ["Q3", "Q3", "Q4", "Q3"]


def test_whoever_is_left_apart_keeps_the_likeliest_as_runner_up() -> None:
    row = of("<per>Carl Moss</per> and <per>Ina Moss</per> met. <per>Moss</per> spoke.", "Moss", 2)
    assert (row["method"], row["entity_id"], row["runner_up_id"]) == ("ambiguous", "per-moss", "Q3")


def test_a_name_of_two_places_is_that_of_the_country_that_the_article_names() -> None:
    row = of("in <loc>Norland</loc>, at <loc>Sund</loc>", "Sund")
    assert (row["entity_id"], row["runner_up_id"]) == ("Q6", "Q7")


def test_a_name_means_no_one_who_was_not_there_yet() -> None:
    assert named("<per>Lee Ash</per> came.") == [("Lee Ash", "Q15", "known")]


def test_the_article_s_own_surname_goes_before_a_better_known_one_and_keeps_it_as_runner_up() -> None:
    row = of("<per>Piet Brook</per> came. <per>Brook</per> left.", "Brook", 1)
    assert (row["entity_id"], row["runner_up_id"]) == ("per-piet-brook", "Q2")


def test_a_short_name_is_the_one_organisation_that_begins_or_ends_with_it() -> None:
    assert of("<org>The Sund Tide</org> wrote. <org>the Tide</org> said", "the Tide")["entity_id"] == "org-sund-tide"
    two = "<org>The Sund Tide</org> and <org>Eldmark Tide</org>. <org>the Tide</org> said"
    assert of(two, "the Tide")["entity_id"] == "org-tide"


@pytest.mark.parametrize(
    "text", ["Ada <per>Brook</per> came.", "<per>Ada</per> Brook came.", "<per>Ada</per> <per>Brook</per> came."]
)
def test_a_known_name_that_the_reader_cut_in_two_is_one(text: str) -> None:
    assert {entity for _, entity, _ in named(text)} == {"Q2"}


@pytest.mark.parametrize(
    ("text", "entity"),
    [
        ("<misc>Harbour candidate Ada Brook</misc> came.", "Q2"),
        ("<org>Fishers for Ada Brook</org> came.", "org-fishers-for-ada-brook"),
    ],
)
def test_a_person_at_the_end_of_a_longer_span_is_meant_and_a_body_s_namesake_is_not(text: str, entity: str) -> None:
    assert named(text)[0][1] == entity


SISTERS = frame_of(
    [
        _row("Q1", "Norland", "LOC"),
        _row(
            "Q20",
            "Rosa Tarn",
            "PER",
            ("Tarn", "Rosa"),
            gender="f",
            offices=[
                _office("nominee", "Q1", date(2026, 1, 1), date(2026, 6, 1)),
            ],
        ),
        _row(
            "Q21",
            "Bo Tarn",
            "PER",
            ("Tarn",),
            gender="m",
            offices=[
                _office("president", "Q1", date(2001, 1, 1), date(2009, 1, 1)),
            ],
        ),
    ]
)


@pytest.mark.parametrize(
    ("text", "day", "found"),
    [
        # The one who holds an office on the day.
        ("<per>Tarn</per> spoke.", date(2026, 2, 1), ("Q20", "known", "Q21")),
        ("<per>Tarn</per> spoke.", date(2027, 2, 1), ("per-tarn", "ambiguous", "Q20")),
        ("Mr. <per>Tarn</per> spoke.", date(2026, 2, 1), ("Q21", "known", None)),
        # Whom the article calls by a short name alone bears the surname, too.
        (
            "<per>Rosa</per> met <per>Bo Tarn</per>. <per>Tarn</per> spoke.",
            date(2027, 2, 1),
            ("per-tarn", "ambiguous", "Q20"),
        ),
        (
            "<per>Bo Tarn</per> came." + FAR + "<per>Rosa Tarn</per>! <per>Tarn</per> spoke.",
            date(2026, 2, 1),
            ("Q21", "surname", "Q20"),
        ),
        (
            "<per>Rosa Tarn</per>, <per>Bo Tarn</per>: <per>Tarn</per> spoke.",
            date(2026, 2, 1),
            ("Q20", "surname", "Q21"),
        ),
        (
            "<per>Bo Tarn</per>, <per>Rosa Tarn</per>: <per>Tarn</per> spoke.",
            date(2026, 2, 1),
            ("per-tarn", "ambiguous", "Q21"),
        ),
        ("The <per>Tarn</per> family came.", date(2026, 2, 1), ("per-tarn", "ambiguous", "Q20")),
        ("In the <per>Tarn</per> years it rained.", date(2026, 2, 1), ("per-tarn", "ambiguous", "Q20")),
    ],
)
def test_a_bare_surname_of_two_goes_by_day_title_and_article(
    text: str, day: date, found: tuple[str, str, str | None]
) -> None:
    entities, _ = resolve_entities(*read(text, days=(day,)), NO_LINKS, look_up(gazetteer=SISTERS))
    row = entities.row(-1, named=True)
    assert (row["entity_id"], row["method"], row["runner_up_id"]) == found


def test_a_given_name_that_the_reader_passed_over_is_found_inside_a_sentence() -> None:
    assert of("<per>Piet Lund</per> came. I like Piet a lot.", "Piet", 1)["entity_id"] == "per-piet-lund"
    assert named("<per>Will Lund</per> came. Will it rain?") == [("Will Lund", "per-will-lund", "name")]


# --- the article first -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words", "nth", "entity"),
    [
        # Whom the article names in full is no agency of these letters.
        ("<per>Omu Feld</per> came. <per>Omu</per> left.", "Omu", 1, "per-omu-feld"),
        ("<per>Silva Lind</per> came. <per>Silva</per> left.", "Silva", 1, "per-silva-lind"),
        ("<per>Lena Omu</per> came. <per>Omu</per> left.", "Omu", 1, "per-lena-omu"),
        # A word that opens a line.
        ("Who is <per>Lena Ortiz</per>?", "Who", 0, None),
        ("Read: Who left?", "Who", 0, None),
        ("Silva is a forest.", "Silva", 0, None),
        # A place by a company's name.
        ("Fires burn in the <loc>Silva</loc>.", "Silva", 0, "loc-silva"),
        ("The <loc>Silva</loc> is home to many.", "Silva", 0, "loc-silva"),
        ("The board of <org>Silva</org> met.", "Silva", 0, "Q19"),
        # A body that many a country has.
        ("<loc>Westmark</loc>. The <org>Senate</org> votes.", "Senate", 0, "org-senate"),
        (
            "<loc>Westmark</loc>, <misc>Westmarker</misc>; <loc>Norland</loc>. <org>Senate</org>",
            "Senate",
            0,
            "org-senate",
        ),
        ("The <org>Senate</org> votes.", "Senate", 0, "org-senate"),
        ("<loc>Norland</loc>. The <org>Senate</org> votes.", "Senate", 0, "Q16"),
        (
            "<loc>Westmark</loc>: The <org>Westmark Senate</org> votes. The <org>Senate</org> will.",
            "Senate",
            1,
            "org-westmark-senate",
        ),
        # The short forms of states.
        ("in <loc>Red Rouge</loc>, <loc>La.</loc>, today", "La.", 0, "Q22"),
        ("<per>Piet Lund</per> (D-<loc>Mass</loc>.) left", "Mass", 0, "Q23"),
        ("in <loc>Red Rouge</loc>, <loc>Mass</loc>. It rained.", "Mass", 0, "Q23"),
        ("Sunday <misc>Mass</misc> was full.", "Mass", 0, None),
        ("Mass was full.", "Mass", 0, None),
        ("in <loc>LA</loc>, today", "LA", 0, "Q24"),
        # A king is called by his given name.
        ("King <per>Abdu</per> came. Crown Prince <per>Huss bin Abdu</per> left.", "Abdu", 0, "per-abdu"),
        ("<per>Olav Karl</per> met <per>King Karl</per>.", "King Karl", 0, "per-karl"),
        ("Prince <per>Huss bin Abdu</per> came. Prince <per>Huss</per> left.", "Huss", 1, "per-huss-bin-abdu"),
        # A son goes on where his father is dead.
        (
            "The late <per>Bill Hale</per> wrote. His son <per>Frank Hale</per> read. <per>Hale</per> left.",
            "Hale",
            2,
            "per-frank-hale",
        ),
        (
            "<per>Ada Tarn</per> and her late husband <per>Bo Tarn</per> came. <per>Tarn</per> left.",
            "Tarn",
            2,
            "per-ada-tarn",
        ),
        ("<per>Ada Tarn</per> and her husband <per>Bo Tarn</per> came. <per>Tarn</per> left.", "Tarn", 2, "per-tarn"),
        # What the article puts in brackets, or says in words, is a second name.
        ("the <org>Lake Workers' Party</org> (<org>PKK</org>). <org>PKK</org>", "PKK", 1, "org-lake-workers-party"),
        ("<org>Boats for Sund</org> (<org>BfS</org>) and <org>BfS</org>", "BfS", 1, "org-boats-for-sund"),
        ("the <org>Oar Makers' Unit</org> (<org>OMU</org>)", "OMU", 0, "org-oar-makers-unit"),
        ("the <org>Old Mills Union</org> (<org>OMU</org>)", "OMU", 0, "Q18"),
        ("<org>Norsk Sea Oil Technologies</org> and <org>Norsk Sea Oil</org>", "Norsk Sea Oil", 1,
         "org-norsk-sea-oil-technologies"),
        ("<loc>Bell Lavra</loc>, or <loc>House of Caves</loc>, is old.", "House of Caves", 0, "loc-bell-lavra"),
        ("<loc>Bell Lavra</loc>, also known as the <loc>Caves</loc>.", "Caves", 0, "loc-bell-lavra"),
        ("<loc>Sund</loc>'s <loc>Bell Lavra</loc>. <loc>Sunder Bell Lavra</loc> is old.", "Bell Lavra", 0,
         "loc-sunder-bell-lavra"),
        ("<loc>Westmark</loc>, or <loc>Norland</loc>, is next.", "Norland", 0, "Q1"),
    ],
)  # fmt: skip
def test_what_an_article_names_in_full_it_means(text: str, words: str, nth: int, entity: str | None) -> None:
    assert of(text, words, nth).get("entity_id") == entity


@pytest.mark.parametrize(
    ("text", "entities"),
    [
        ("They asked <per>arrogant Renn</per>. <per>Tobias Renn</per> left.", ["per-tobias-renn"] * 2),
        ("<per>Arrogant Renn</per> left. <per>Tobias Renn</per> too.", ["per-tobias-renn"] * 2),
        ("<per>Embattled Renn</per> left. <per>Tobias Renn</per> too.", ["per-tobias-renn"] * 2),
        ("<per>Anna Renn</per> left. <per>Tobias Renn</per> too.", ["per-anna-renn", "per-tobias-renn"]),
        ("<misc>No President</misc> did more.", []),
        ("<per>Every Senator</per> and <per>the Prime Minister</per> came.", []),
        ("<per>Crown</per> Prince <per>Olav</per> came.", ["per-olav"]),
        ("A Star of <per>David</per> hung there.", []),
        ("They read the Book of <per>Daniel</per>.", []),
        ("<per>Piet Lund</per> left. It is the Party of <per>Lund</per>.", ["per-piet-lund"] * 2),
        ("The head of <per>Daniel</per> fell.", ["per-daniel"]),
        ("Union chairman Piet Lund\nHarbour Wire\nMOLE", ["per-piet-lund"]),
    ],
)
def test_fragments_are_no_part_of_a_name(text: str, entities: list[str]) -> None:
    assert [entity for _, entity, _ in named(text)] == entities


# --- metonyms --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "is_metonym"),
    [
        ("talks with <loc>Eldmark</loc>", True),
        ("<loc>Eldmark</loc>'s troops left", True),
        ("<loc>Eldmark</loc> denied it", True),
        ("<who><loc>Eldmark</loc></who> said <said>no</said>", True),
        ("he lives in <loc>Eldmark</loc>", False),
        ("a trip to <loc>Eldmark</loc>", False),
        ("<loc>Eldmark</loc>'s harbour", False),
    ],
)
def test_a_capital_that_acts_is_its_country(text: str, is_metonym: bool) -> None:
    row = of(text, "Eldmark")
    assert row["is_metonym"] == is_metonym
    assert row["entity_id"] == ("Q1" if is_metonym else "Q8")
    assert row["runner_up_id"] == ("Q8" if is_metonym else None)


@pytest.mark.parametrize(("before", "is_metonym"), [("the", True), ("in the", False)])
def test_a_building_stands_for_those_who_work_there(before: str, is_metonym: bool) -> None:
    row = of(f"{before} <org>Grey House</org> then", "Grey House")
    assert (row["entity_id"], row["is_metonym"]) == ("Q10", is_metonym)


def test_the_people_of_a_country_stand_for_it_and_its_adjective_does_not() -> None:
    assert of("They urge the <misc>Norlanders</misc> to sign.", "Norlanders")["is_metonym"]
    assert not of("<misc>Norlander</misc> troops", "Norlander")["is_metonym"]


# --- roles -----------------------------------------------------------------------------------------------------------


def roles(text: str) -> list[tuple[str, str, str, bool, str | None, str | None]]:
    """Words, office and person of every role, whether it is over, and of which organisation and country it is."""
    found = resolve_entities(*read(text), NO_LINKS, look_up())[1]
    return found.select("role", "office", "name", "is_former", "organisation_id", "country_id").rows()


@pytest.mark.parametrize(
    ("text", "role"),
    [
        (
            "<misc>Norlander</misc> President <per>Odo Vale</per> came",
            ("Norlander President", "president", "Odo Vale", False, None, "Q1"),
        ),
        (
            "<org>Grey House</org> Press Secretary <per>Piet Lund</per> said",
            ("Grey House Press Secretary", "press secretary", "Piet Lund", False, "Q10", None),
        ),
        (
            "<per>Piet Lund</per>, head of the <misc>Norlander</misc> General Staff, was heard",
            ("head of the Norlander General Staff", "head", "Piet Lund", False, None, "Q1"),
        ),
        (
            "<per>Piet Lund</per>, a former senior adviser to the <org>Harbour Bureau</org>, said",
            ("former senior adviser to the Harbour Bureau", "adviser", "Piet Lund", True, "Q5", None),
        ),
        (
            "<per>Piet Lund</per> is the mayor of <loc>Eldmark</loc>.",
            ("mayor of Eldmark", "mayor", "Piet Lund", False, None, "Q8"),
        ),
        ("Sen. <per>Piet Lund</per> came", ("Sen.", "senator", "Piet Lund", False, None, None)),
    ],
)
def test_a_role_stands_before_a_name_or_after_it(text: str, role: tuple[Any, ...]) -> None:
    assert roles(text) == [role]


def test_a_role_may_be_someone_s() -> None:
    text = "<per>Carl Moss</per> left. <per>Carl Moss</per> spokesman <per>Piet Lund</per> said no."
    found = resolve_entities(*read(text), NO_LINKS, look_up())[1]
    assert found.select("role", "name", "person_id", "person").rows() == [
        ("Carl Moss spokesman", "Piet Lund", "Q3", "Carl Moss")
    ]


@pytest.mark.parametrize(
    "text", ["<per>Piet Lund</per> met the mayor.", "<per>Piet Lund</per>'s lawyer came.", "<per>Piet Lund</per> left."]
)
def test_another_s_role_is_not_theirs(text: str) -> None:
    assert roles(text) == []


# --- descriptions ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words", "entity"),
    [
        ("The <misc>Norlander</misc> president came.", "The Norlander president", "Q12"),
        (
            "<per>Odo Vale</per> and the former <misc>Norlander</misc> president.",
            "the former Norlander president",
            "Q11",
        ),
        ("<per>Tom Kerr</per> left. The <loc>Sund</loc> senator", "The Sund senator", "Q13"),
        ("<loc>Norland</loc>. <per>Rae Holm</per> came. The president left.", "The president", "Q12"),
        ("The president left.", "The president", None),
        ("Mayor <per>Piet Lund</per> came. The mayor left.", "The mayor", "per-piet-lund"),
        ("The mayor left. Mayor <per>Piet Lund</per> came.", "The mayor", None),
        ("Former Mayor <per>Piet Lund</per> came. The mayor left.", "The mayor", None),
        ("<loc>Norland</loc>. <per>Rae Holm</per> joined the presidential race.", "the president", None),
        ("Mayor <per>Piet Lund</per> met Mayor <per>Jo Hart</per>. The mayor left.", "The mayor", None),
        ("Mayor <per>Piet Lund</per> came. The mayor of <loc>Eldmark</loc> left.", "The mayor of Eldmark", None),
    ],
)
def test_a_description_means_who_holds_the_office_or_has_the_role(text: str, words: str, entity: str | None) -> None:
    assert of(text, words).get("entity_id") == entity


def test_a_description_speaks() -> None:
    assert speaker("<who>The <misc>Norlander</misc> president</who> said <said>no</said>.") == "Q12"


def test_a_campaign_is_a_body_of_its_own() -> None:
    text = (
        "<who>The <per>Carl Moss</per> campaign</who> said <said>no</said>. "
        "<who n='1'>The campaign</who> said <said n='1'>yes</said>."
    )
    assert of(text, "Carl Moss")["entity_id"] == "Q3"
    assert of(text, "The Carl Moss campaign")["entity_id"] == "org-carl-moss-campaign"
    assert of(text, "The campaign")["entity_id"] == "org-carl-moss-campaign"


def test_his_campaign_is_that_of_the_person_who_he_is() -> None:
    assert speaker("<per>Carl Moss</per> came. <who>His campaign</who> said <said>no</said>.") == (
        "org-carl-moss-campaign"
    )
    assert speaker("<loc>Norland</loc> lost. <who>His campaign</who> said <said>no</said>.") is None


# --- pronouns away from speakers -------------------------------------------------------------------------------------


def test_a_possessive_pronoun_takes_the_possessive_before_it() -> None:
    assert of("<per>Carl Moss</per>'s visit ends. His presence helped.", "His")["entity_id"] == "Q3"


def test_a_pronoun_in_a_quotation_looks_back_in_the_quotation() -> None:
    text = (
        "<per>Ina Moss</per> came. <who><per>Tom Kerr</per></who> said "
        "<said kind='direct'><per>Carl Moss</per> lies, and this is for him</said>. <per>Odo Vale</per> left."
    )
    assert of(text, "him")["entity_id"] == "Q3"


def test_pronouns_go_on_about_one_person_past_the_reach_of_the_name() -> None:
    text = "<per>Carl Moss</per> came. " + ("It rained. " * (PRONOUN_REACH // 20) + "He slept. ") * 3
    assert of(text, "He", 2)["entity_id"] == "Q3"


def test_a_quoted_i_is_who_is_quoted() -> None:
    text = (
        "<who><per>Ina Moss</per></who> said <said kind='direct'>that is so, "
        "<who n='1'>I</who> hope <said n='1'>to stay</said></said>."
    )
    assert of(text, "I", 1)["entity_id"] == "Q4"


@pytest.mark.parametrize(
    "between", [" (<who>who</who> said <said>no</said>)", " of <loc>Sund</loc>, <who>who</who> said <said>no</said>"]
)
def test_who_is_the_person_before_it(between: str) -> None:
    assert speaker(f"<per>Carl Moss</per>{between}.") == "Q3"


def test_spans_end_where_they_end_whatever_marks_stand_before() -> None:
    assert of("<per>Ina Moss</per>’s campaign said", "Ina Moss’s campaign")["entity_id"] == "org-ina-moss-campaign"
    marked = read("<per>Piet Lund</per> (“Piet”), mayor of <loc>Eldmark</loc>, came.")
    role = resolve_entities(*marked, NO_LINKS, look_up())[1].row(0, named=True)
    assert marked[0]["body"][0][role["start"] : role["end"]] == role["role"] == "mayor of Eldmark"


def test_a_whole_article() -> None:
    found = named(
        "<misc>Norlander</misc> President <per>Rae Holm</per> went to <loc>Sund Bay</loc>. Her visit comes as "
        "<loc>Eldmark</loc>'s troops leave. "
        "<who n='1'><per>Odo Vale</per>, head of the <misc>Norlander</misc> Fleet,</who> told <per>Holm</per> "
        "<said n='1'>that it is over</said>. "
        "<who n='2'><org>Grey House</org> Press Secretary <per>Piet Lund</per></who> said "
        "<said n='2'>that a letter goes to <loc>Eldmark</loc></said>. "
        "<said n='3' kind='direct'>We urge the <misc>Norlanders</misc> to sign</said>, "
        "<who n='3'><per>Lund</per></who> said. "
        "<who n='4'><loc>Eldmark</loc>'s analysts</who> doubt <said n='4'>talks with <loc>Norland</loc></said>. "
        "<who n='5'><per>Ina Moss</per></who> wrote: "
        "<said n='5' kind='direct'><per>Holm</per> lost, a shame for her</said>. "
        "The <misc>Norlander</misc> president waits for details from <loc>Eldmark</loc>."
    )
    assert found == [
        ("Norlander", "Q1", "demonym"),
        ("Rae Holm", "Q12", "known"),
        ("Sund Bay", "loc-sund-bay", "name"),
        ("Her", "Q12", "pronoun"),
        ("Eldmark", "Q1", "metonym"),
        ("Odo Vale", "Q11", "known"),
        ("Odo Vale, head of the Norlander Fleet,", "Q11", "speaker"),
        ("Norlander", "Q1", "demonym"),
        ("Holm", "Q12", "surname"),
        ("Grey House", "Q10", "known"),
        ("Grey House Press Secretary Piet Lund", "per-piet-lund", "speaker"),
        ("Piet Lund", "per-piet-lund", "name"),
        ("Eldmark", "Q8", "known"),
        ("Norlanders", "Q1", "demonym"),
        ("Lund", "per-piet-lund", "surname"),
        ("Eldmark", "Q1", "metonym"),
        ("Norland", "Q1", "known"),
        ("Ina Moss", "Q4", "known"),
        ("Holm", "Q12", "surname"),
        ("her", "Q12", "pronoun"),
        ("The Norlander president", "Q12", "description"),
        ("Norlander", "Q1", "demonym"),
        ("Eldmark", "Q1", "metonym"),
    ]


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
    again, _ = resolve_entities(articles, mentions, statements, NO_LINKS, look_up(gazetteer=gazetteer))
    assert resolve(marked).equals(again)


def test_nothing_in_nothing_out() -> None:
    marked = read("<per>Lund</per>")
    empty = (marked[0].clear(), marked[1].clear(), marked[2].clear())
    assert [frame.is_empty() for frame in resolve_entities(*empty, NO_LINKS, look_up())] == [True, True]


def test_days_run_in_reverse_order_give_the_same_rows() -> None:
    days = (date(2026, 1, 5), date(2026, 1, 6))
    together = read(*TEXTS, days=days)
    one_by_one = [
        resolve_entities(*(frame.filter(pl.col("day") == day) for frame in together), NO_LINKS, look_up())  # type: ignore[arg-type]
        for day in reversed(days)
    ]
    for number, frame in enumerate(resolve_entities(*together, NO_LINKS, look_up())):
        assert frame.equals(pl.concat(pair[number] for pair in reversed(one_by_one)))  # type: ignore[arg-type]


# --- whom descriptions mean, as the reader links them -----------------------------------------------------------------


def linked(text: str, *links: tuple[str, str]) -> dict[str, str]:
    """The entity of each span of one article, by its words, where the reader links descriptions to names."""
    marked = read(text)
    body = marked[0]["body"][0]
    at = [(body.rindex(words), body.index(name), words, name) for words, name in links]
    rows = [
        {"start": s, "end": s + len(words), "text": words, "name_start": n, "name_end": n + len(name)}
        for s, n, words, name in at
    ]
    given = pl.DataFrame(rows).select(
        pl.lit(marked[0]["day"][0]).alias("day"),
        pl.lit(marked[0]["article_id"][0]).alias("article_id"),
        "start", "end", "text", "name_start", "name_end",
        probability=pl.lit(0.95, pl.Float32), reader=pl.lit("r"),
    )  # fmt: skip
    entities, _ = resolve_entities(*marked, References.validate(given, cast=True), look_up())
    return {body[row["start"] : row["end"]]: row["entity_id"] for row in entities.iter_rows(named=True)}


@pytest.mark.parametrize(
    ("text", "link", "speaker"),
    [
        (
            "<per>Jorge Rava</per>, a delegate, spoke. <who>The U.N. envoy</who> said <said>no</said>.",
            ("envoy", "Jorge Rava"),
            "The U.N. envoy",
        ),
        (
            "<per>Khalid Moran</per>, of the opposition, came. It was rushed, <who>the MP</who> said <said>so</said>.",
            ("MP", "Khalid Moran"),
            "the MP",
        ),
        (
            "<org>Radio Sol</org> was closed. <who>The station</who> called it <said>a fraud</said>.",
            ("station", "Radio Sol"),
            "The station",
        ),
    ],
)
def test_a_description_that_the_reader_links_speaks(text: str, link: tuple[str, str], speaker: str) -> None:
    found = linked(text, link)
    assert found[speaker] == found[link[1]]


def test_a_body_is_whom_its_last_words_mean_whatever_the_reader_links() -> None:
    found = linked(
        "<loc>Norland</loc> won. <per>Ina Moss</per> lost. The <per>Moss</per> campaign left.",
        ("The Moss campaign", "Norland"),
    )
    assert "The Moss campaign" not in found
    assert found["Moss campaign"] == "org-ina-moss-campaign"


def test_he_is_no_magazine() -> None:
    text = "<org>Weekly Lens</org> called. <who>He</who> said <said>no</said>."
    assert "He" not in linked(text, ("He", "Weekly Lens"))


# --- bodies and forms of one name ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words", "entity"),
    [
        ("<misc>Norlander</misc> police came.", "Norlander police", "org-norlander-police"),
        ("The parliament of <loc>Sarvia</loc> met.", "parliament of Sarvia", "org-sarvia-parliament"),
        ("<loc>Sarvia</loc>'s Foreign Ministry spoke.", "Sarvia's Foreign Ministry", "org-sarvia-foreign-ministry"),
        ("<per>Ina Moss</per>'s transition team met.", "Ina Moss's transition team", "org-ina-moss-transition-team"),
        ("the administration of President <per>Ina Moss</per>", "administration of President Ina Moss",
         "org-ina-moss-administration"),
    ],
)  # fmt: skip
def test_a_body_is_called_by_a_name_before_or_behind_it(text: str, words: str, entity: str) -> None:
    assert of(text, words)["entity_id"] == entity


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("<org>U.S. Corn Survey</org> and <org>United States Corn Survey</org>", 2),
        ("<org>Ministry of Trade</org>, the <org>Trade Ministry</org>", 2),
        ("<org>Norsk Battery Technologies</org> said. <org>Norsk Battery</org> left.", 2),
        ("<loc>Korvan Peninsula</loc> shook. On the <loc>Peninsula</loc> it rained.", 2),
        ("<per>Ola Sund Berg</per> came. <per>Ola Sund</per> left.", 2),
        ("<org>Department of Trade in</org> and the <org>Department of Trade</org>", 2),
        ("<per>Ina Moss</per> left. <misc>Moss-era</misc> rules stay.", 2),
    ],
)
def test_forms_of_one_name_are_one(text: str, same: int) -> None:
    spans = named(text)
    assert len(spans) == same
    assert len({entity for _, entity, _ in spans}) == 1


@pytest.mark.parametrize(
    "text",
    [
        "<loc>Korvan Hall</loc> shook. In <loc>Hall</loc> it rained.",  # no article: another place
        "<per>Ola Sund Jr.</per> came. <per>Ola Sund</per> left.",
        "<org>Ministry of Trade</org>, the <org>Health Ministry</org>",
    ],
)
def test_names_of_two_stay_two(text: str) -> None:
    assert len({entity for _, entity, _ in named(text)}) == 2


def test_a_name_read_as_a_bodys_is_no_place_and_one_read_as_a_places_is_no_club() -> None:
    assert named("<org>Norland</org> won the cup.") == [("Norland", "org-norland", "name")]
    assert named("in <loc>Norland</loc>")[0][1] == "Q1"

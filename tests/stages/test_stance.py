"""Where they stand: every fact that the stance stage promises, on invented people and places."""

from __future__ import annotations

from datetime import date

import dataframely as dy
import numpy as np
import numpy.typing as npt
import polars as pl
import pytest

from pipeline.labels import CONTEXT, ISSUE_FROM, ISSUE_REACH, NEUTRAL_FROM, SIDE_FROM
from pipeline.schemas import References, Stances, Statements
from pipeline.settings import Issue
from pipeline.stages.entities import resolve_entities
from pipeline.stages.stance import SURE_STATEMENT, score_stance
from tests.stages.marked import DAY, NO_LINKS, nobody, read

TUNNEL = Issue(
    id="tunnel",
    name="the harbour tunnel",
    proposition="The harbour tunnel should be built.",
    aliases=("tunnel", "Sund Link (phase 2)"),
)


class Asked:
    """A stance head that is in favour of everything, and remembers what it was asked."""

    def __init__(self, *answer: float) -> None:
        self.answer = answer or (0.1, 0.1, 0.8)
        self.calls: list[tuple[list[str], list[str]]] = []

    def __call__(self, passages: list[str], propositions: list[str]) -> npt.NDArray[np.float32]:
        self.calls.append((passages, propositions))
        return np.tile(np.array(self.answer, dtype=np.float32), (len(passages), 1))


def stances(text: str, *issues: Issue, stance: Asked | None = None, sure: float = 0.9) -> dy.DataFrame[Stances]:
    articles, mentions, statements = read(text)
    statements = Statements.validate(statements.with_columns(probability=pl.lit(sure)), cast=True)
    entities, _ = resolve_entities(articles, mentions, statements, NO_LINKS, nobody)
    return score_stance(articles, statements, entities, issues, stance or Asked())


def test_a_speaker_is_against_whom_their_words_are_against() -> None:
    row = stances('<who><per>Piet Lund</per></who> said <said>that <per tone="-">Ina Moss</per> lies</said>.')
    assert row.select("holder_id", "target_id", "target_kind", "stance", "evidence").rows() == [
        ("per-piet-lund", "per-ina-moss", "entity", "against", "that Ina Moss lies")
    ]


def test_what_the_outlet_says_is_nobodys_stance() -> None:
    assert stances(
        '<who><per>Piet Lund</per></who> said <said>no</said>. <per tone="-">Ina Moss</per> lies.'
    ).is_empty()


def test_nobody_has_a_stance_toward_themselves() -> None:
    assert stances('<who><per>Piet Lund</per></who> said <said>that <per tone="+">Lund</per> wins</said>.').is_empty()


@pytest.mark.parametrize(("weight", "against", "favour"), [(0, 0.425, 0.425), (3, 0.118, 0.775), (50, 0.1, 0.8)])
def test_the_places_that_mean_one_entity_are_put_together_by_their_weight(
    weight: float, against: float, favour: float
) -> None:
    row = stances(
        '<who><per>Piet Lund</per></who> said <said><per tone="-">Ina Moss</per> lies</said> and '
        f'<said><per tone="+" weight="{weight}">Moss</per> works</said>.'
    ).row(0, named=True)
    assert (row["against"], row["favour"]) == pytest.approx((against, favour), abs=1e-3)


def test_a_place_that_the_reader_is_certain_of_does_not_rule_out_the_other_side() -> None:
    row = stances('<who><per>Piet Lund</per></who> said <said><per tone="!">Ina Moss</per> lies</said>.')
    assert 0 < row["favour"][0] < 1e-5


@pytest.mark.parametrize("she", ["She", "Her own brother", "the mayor"])
def test_a_pronoun_or_description_is_a_target_as_the_name_is(she: str) -> None:
    said = f'<said kind="direct">“<per>Anna Moss</per> came. <he tone="-" weight="9">{she}</he> lied.”</said>'
    articles, mentions, statements = read(f"<who><per>Piet Lund</per></who> said: {said}")
    body = articles["body"][0]
    start, name = body.index(she), body.index("Anna Moss")
    links = References.cast(
        articles.select(
            *("day", "article_id"),
            start=start,
            end=start + len(she),
            text=pl.lit(she),
            name_start=name,
            name_end=name + len("Anna Moss"),
            probability=0.9,
            reader=pl.lit("r1"),
        )
    )
    entities, _ = resolve_entities(articles, mentions, statements, links, nobody)
    rows = score_stance(articles, statements, entities, (), Asked())
    assert rows.select("target_id", "stance").rows() == [("per-anna-moss", "against")]


@pytest.mark.parametrize(("tone", "rows"), [("-", 1), ("0", 0)])
def test_a_name_beside_what_is_said_is_a_target_where_a_side_is_taken(tone: str, rows: int) -> None:
    text = f'<who><per>Piet Lund</per></who> accused <per of="0" tone="{tone}">Ina Moss</per> of <said>a lie</said>.'
    found = stances(text)
    assert found.height == rows
    assert found["evidence"].to_list() == ["a lie"] * rows


def test_the_evidence_is_the_content_span_with_the_weightiest_place() -> None:
    row = stances(
        "<who><per>Piet Lund</per></who> said <said><per>Ina Moss</per> came</said> and "
        '<said><per tone="-" weight="1">Moss</per> lied</said>.'
    ).row(0, named=True)
    assert row["evidence"] == "Moss lied"


def test_evidence_is_cut_out_of_the_body() -> None:
    text = 'Éa — <who><per>Piet Lund</per></who> said <said>“<per tone="-">Ina Moss</per> lies”</said>.'
    row = stances(text).row(0, named=True)
    assert read(text)[0]["body"][0][row["evidence_start"] : row["evidence_end"]] == row["evidence"] == "“Ina Moss lies”"


def answers(side_from: float) -> list[tuple[tuple[float, float, float], str | None]]:
    """Against, neutral, favour on either side of what a label takes, and the label."""
    return [
        ((0.1, 0.89 - side_from, side_from + 0.01), "favour"),
        ((side_from + 0.01, 0.89 - side_from, 0.1), "against"),
        ((0.1, 0.91 - side_from, side_from - 0.01), None),
        ((0.1, NEUTRAL_FROM + 0.01, 0.89 - NEUTRAL_FROM), "neutral"),
        ((0.2, NEUTRAL_FROM - 0.01, 0.81 - NEUTRAL_FROM), None),
    ]


@pytest.mark.parametrize(("answer", "label"), answers(ISSUE_FROM))
def test_a_side_on_an_issue_is_named_where_it_is_likely_enough(
    answer: tuple[float, float, float], label: str | None
) -> None:
    said = "<who><per>Piet Lund</per></who> said <said>the tunnel is dear</said>."
    assert stances(said, TUNNEL, stance=Asked(*answer))["stance"].to_list() == [label]


@pytest.mark.parametrize(("answer", "label"), answers(SIDE_FROM))
def test_a_side_toward_an_entity_is_named_where_it_is_likely_enough(
    answer: tuple[float, float, float], label: str | None
) -> None:
    articles, mentions, statements = read("<who><per>Piet Lund</per></who> said <said><per>Ina Moss</per> lies</said>.")
    [[target]] = statements["targets"].to_list()
    target |= dict(zip(("against", "neutral", "favour"), answer, strict=True))
    told = statements.with_columns(targets=pl.Series([[target]], dtype=statements.schema["targets"]))
    entities, _ = resolve_entities(articles, mentions, statements, NO_LINKS, nobody)
    rows = score_stance(articles, Statements.validate(told), entities, (), Asked())
    assert rows["stance"].to_list() == [label]


def test_an_unlikely_statement_gives_a_score_and_no_label() -> None:
    said = '<who><per>Piet Lund</per></who> said <said><per tone="-">Ina Moss</per> lies</said>.'
    row = stances(said, sure=SURE_STATEMENT - 0.01)
    assert row.select("stance", pl.col("against") > 0.5).rows() == [(None, True)]


def test_a_speaker_without_a_name_holds_under_its_words() -> None:
    row = stances('<who>two fishermen</who> said <said><per tone="-">Ina Moss</per> lies</said>.')
    assert row.select("holder_id", "holder").rows() == [(None, "two fishermen")]


@pytest.mark.parametrize("who", ["They", "It", "which", "some"])
def test_a_word_that_says_nothing_of_who_speaks_is_no_holder(who: str) -> None:
    assert stances(f'<who>{who}</who> said <said><per tone="-">Ina Moss</per> lies</said>.').is_empty()


def test_a_statement_without_a_speaker_has_no_row() -> None:
    assert stances('It was said <said><per tone="-">Ina Moss</per> and the tunnel</said>.', TUNNEL).is_empty()


@pytest.mark.parametrize("said", ["the tunnel is dear", "THE TUNNEL", "a “tunnel”!", "the Sund Link (phase 2)"])
def test_a_statement_that_names_an_issue_may_be_about_it(said: str) -> None:
    asked = Asked()
    row = stances(f"<who>A clerk</who> <cue>said</cue> <said>{said}</said>.", TUNNEL, stance=asked)
    assert row.select("target_kind", "target_id", "stance").rows() == [("issue", "tunnel", "favour")]
    assert asked.calls == [([f"A clerk said: {said}"], [TUNNEL.proposition])]


@pytest.mark.parametrize("said", ["tunnels are dear", "funnel", "it rains"])
def test_a_statement_that_does_not_name_it_is_not(said: str) -> None:
    assert stances(f"<who>A clerk</who> said <said>{said}</said>.", TUNNEL).is_empty()


@pytest.mark.parametrize(("between", "rows"), [(0, 1), (ISSUE_REACH - 80, 1), (ISSUE_REACH, 0)])
def test_an_issue_named_shortly_before_a_statement_may_be_what_it_is_about(between: int, rows: int) -> None:
    asked = Asked()
    far = "It rained. " * (between // len("It rained. "))
    text = f"They met on the tunnel. {far}<said>Build it now</said>, <who>a clerk</who> <cue>said</cue>."
    assert stances(text, TUNNEL, stance=asked)["evidence"].to_list() == ["Build it now"] * rows
    if rows:
        before = f"They met on the tunnel. {far}"[-CONTEXT:].strip()
        assert asked.calls[0][0] == [f"a clerk said: Build it now ({before})"]


def test_the_evidence_for_an_issue_is_the_span_that_names_it() -> None:
    text = "<who>A clerk</who> said <said>a very long beginning of a sentence</said> and <said>the tunnel</said>."
    assert stances(text, TUNNEL)["evidence"].to_list() == ["the tunnel"]


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "rows"),
    [(None, None, 1), (DAY, DAY, 1), (date(2026, 1, 6), None, 0), (None, date(2026, 1, 4), 0)],
)
def test_an_issue_is_watched_between_its_days(starts_on: date | None, ends_on: date | None, rows: int) -> None:
    issue = TUNNEL.model_copy(update={"starts_on": starts_on, "ends_on": ends_on})
    assert stances("<who>A clerk</who> said <said>the tunnel is dear</said>.", issue).height == rows


def test_the_stance_head_is_asked_once_for_all_issues() -> None:
    asked = Asked()
    bridge = Issue(id="bridge", name="the bridge", proposition="The bridge should be built.")
    text = (
        '<who n="0">A clerk</who> said <said n="0">the tunnel</said>. '
        '<who n="1">Two</who> said <said n="1">the bridge, the tunnel</said>.'
    )
    assert stances(text, TUNNEL, bridge, stance=asked).height == 3
    assert [len(passages) for passages, _ in asked.calls] == [3]


def test_the_stance_head_is_not_asked_for_nothing() -> None:
    asked = Asked()
    stances("<who>A clerk</who> said <said>it rains</said>.", TUNNEL, stance=asked)
    assert asked.calls == []

"""Where they stand: every fact that the stance stage promises, on invented people and places."""

from __future__ import annotations

from datetime import date

import dataframely as dy
import numpy as np
import numpy.typing as npt
import polars as pl
import pytest

from pipeline.schemas import Stances, Statements
from pipeline.settings import Issue
from pipeline.stages.entities import resolve_entities
from pipeline.stages.stance import score_stance
from tests.stages.marked import DAY, nobody, read

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


def stances(
    text: str, *issues: Issue, stance: Asked | None = None, commitment: str = "asserted", sure: float = 0.9
) -> dy.DataFrame[Stances]:
    articles, mentions, statements = read(text)
    statements = statements.with_columns(commitment=pl.lit(commitment), probability=pl.lit(sure))
    statements = Statements.validate(statements, cast=True)
    entities, roles = resolve_entities(articles, mentions, statements, nobody)
    return score_stance(articles, mentions, statements, entities, roles, issues, stance or Asked())


def test_a_speaker_is_against_whom_their_words_are_against() -> None:
    row = stances('<who><per>Piet Lund</per></who> said <said>that <per tone="-">Ina Moss</per> lies</said>.')
    assert row.select("holder_id", "target_id", "target_kind", "stance", "evidence").rows() == [
        ("per-piet-lund", "per-ina-moss", "entity", "against", "that Ina Moss lies")
    ]


@pytest.mark.parametrize("what", ["asked", "withheld"])
def test_what_is_asked_or_left_unsaid_takes_no_side(what: str) -> None:
    said = '<who><per>Piet Lund</per></who> said <said>whether <per tone="-">Ina Moss</per> lies</said>.'
    assert stances(said, commitment=what)["stance"].to_list() == ["neutral"]


@pytest.mark.parametrize(("cue", "stance"), [("denied", "neutral"), ("does not believe", "against")])
def test_a_charge_that_is_denied_is_no_stance_but_a_doubt_is(cue: str, stance: str) -> None:
    said = f'<who><per>Piet Lund</per></who> <cue>{cue}</cue> <said>that <per tone="-">Ina Moss</per> won</said>.'
    assert stances(said, commitment="denied")["stance"].to_list() == [stance]


@pytest.mark.parametrize(
    ("said", "stance"),
    [
        ("he will beat presumptive nominee {}", "against"),
        ("that all must help her defeat {}", "against"),
        ("the fleet to liberate the harbour from {}", "against"),
        ("that he would not try to stop {}", "favour"),
        ("that the storm will destroy {}", "favour"),
    ],
)
def test_who_means_to_fight_someone_is_against_them_however_glad_the_words(said: str, stance: str) -> None:
    said = said.format('<per tone="+">Ina Moss</per>')
    row = stances(f"<who><per>Piet Lund</per></who> said <said>{said}</said>.")
    assert row["stance"].to_list() == [stance]


@pytest.mark.parametrize(
    ("who", "cue", "stance"),
    [
        ("<per>Piet Lund</per>", "reported", "neutral"),
        ("The <org>Harbour Bureau</org>", "found", "neutral"),
        ("Its letters", "show", "neutral"),
        ("<per>Piet Lund</per>", "found", "against"),
        ("The <org>Harbour Post</org>", "quoted", "neutral"),
        ("<per>Piet Lund</per>", "was quoted", "against"),
    ],
)
def test_what_someone_reports_and_something_shows_is_not_their_side(who: str, cue: str, stance: str) -> None:
    said = f'<who>{who}</who> <cue>{cue}</cue> <said>that <per tone="-">Ina Moss</per> lies</said>.'
    assert stances(said)["stance"].to_list() == [stance]


@pytest.mark.parametrize("who", ["<who>Two polls</who> show", "<who>a poll by <org>Sund Data</org></who> has"])
def test_a_poll_takes_no_side(who: str) -> None:
    said = f'{who} <said><per tone="-">Ina Moss</per> behind</said>.'
    assert stances(said)["stance"].to_list() == ["neutral"]


@pytest.mark.parametrize(
    "said",
    [
        "a man shot in <loc tone='-'>Sund</loc>",
        "the <loc tone='-'>Sund</loc> attacks",
        "a clerk from <loc>N.J.</loc>",
        "a lie of <loc tone='-'>Sund</loc>'s newly elected mayor",
        "a lie of <loc tone='-'>Sund's</loc> foreign minister",
        "a lie of a senator (D-<loc tone='-'>Vt</loc>.)",
        "a lie of a senator (<loc tone='-'>R-Wis.</loc>)",
        "a lie of a <org tone='-'>Sarvia-based</org> clerk",
        "a lie of a <misc tone='-'>Sarvian-turned</misc> clerk",
        "<loc tone='-'>Sund</loc> officers were rough",
    ],
)
def test_a_place_that_says_where_or_which_is_nobodys_target(said: str) -> None:
    assert stances(f"<who>A clerk</who> told of <said>{said}</said>.").is_empty()


def test_what_the_outlet_says_is_nobodys_stance() -> None:
    assert stances(
        '<who><per>Piet Lund</per></who> said <said>no</said>. <per tone="-">Ina Moss</per> lies.'
    ).is_empty()


def test_nobody_has_a_stance_toward_themselves() -> None:
    assert stances('<who><per>Piet Lund</per></who> said <said>that <per tone="+">Lund</per> wins</said>.').is_empty()


def test_mentions_of_one_statement_are_averaged() -> None:
    row = stances(
        '<who><per>Piet Lund</per></who> said <said><per tone="-">Ina Moss</per> lies</said> and '
        '<said><per tone="+">Moss</per> works</said>.'
    ).row(0, named=True)
    assert (row["against"], row["neutral"], row["favour"]) == pytest.approx((0.45, 0.1, 0.45))


@pytest.mark.parametrize(
    ("then", "against"),
    [
        ('<he tone="-">She</he> lies', (0.1 + 0.8 + 0.8) / 3),
        ('I never trusted <he tone="-">her</he>', (0.1 + 0.8 + 0.8) / 3),
        ('<he tone="-">Her</he> own brother left', 0.1),
    ],
)
def test_what_is_said_of_him_or_her_counts_as_what_is_said_of_the_name(then: str, against: float) -> None:
    said = f'<said kind="direct">“<per>Anna Moss</per> came. {then}. {then}.”</said>'
    row = stances(f"<who><per>Piet Lund</per></who> said: {said}")
    assert row["target_id"].to_list() == ["per-anna-moss"]
    assert row["against"].to_list() == pytest.approx([against])


def test_the_evidence_is_the_content_span_that_takes_a_side_most_clearly() -> None:
    row = stances(
        "<who><per>Piet Lund</per></who> said <said><per>Ina Moss</per> came</said> and "
        '<said><per tone="-">Moss</per> lied</said>.'
    ).row(0, named=True)
    assert row["evidence"] == "Moss lied"


def test_evidence_is_cut_out_of_the_body() -> None:
    text = 'Éa — <who><per>Piet Lund</per></who> said <said>“<per tone="-">Ina Moss</per> lies”</said>.'
    row = stances(text).row(0, named=True)
    assert read(text)[0]["body"][0][row["evidence_start"] : row["evidence_end"]] == row["evidence"] == "“Ina Moss lies”"


@pytest.mark.parametrize(
    ("answer", "label"),
    [
        ((0.1, 0.1, 0.8), "favour"),
        ((0.8, 0.1, 0.1), "against"),
        ((0.1, 0.25, 0.65), None),
        ((0.2, 0.6, 0.2), "neutral"),
        ((0.3, 0.4, 0.3), None),
    ],
)
def test_to_name_a_side_takes_more_than_to_name_none(answer: tuple[float, float, float], label: str | None) -> None:
    said = "<who><per>Piet Lund</per></who> said <said>the tunnel is dear</said>."
    assert stances(said, TUNNEL, stance=Asked(*answer))["stance"].to_list() == [label]


def test_a_statement_that_is_likelier_none_gives_a_score_and_no_label() -> None:
    row = stances('<who><per>Piet Lund</per></who> said <said><per tone="-">Ina Moss</per> lies</said>.', sure=0.4)
    assert row.select("stance", pl.col("against") > 0.5).rows() == [(None, True)]


def test_a_speaker_without_a_name_holds_under_its_words() -> None:
    row = stances('<who>two fishermen</who> said <said><per tone="-">Ina Moss</per> lies</said>.')
    assert row.select("holder_id", "holder").rows() == [(None, "two fishermen")]


@pytest.mark.parametrize(
    ("who", "stance"),
    [
        ("<per>Ina Moss</per> campaign spokesman <per>Piet Lund</per>", "neutral"),
        ("<per>Ina Moss</per>'s press secretary, <per>Piet Lund</per>,", "neutral"),
        ("<per>Ina Moss</per>'s former press secretary, <per>Piet Lund</per>,", "against"),
        ("the clerk <per>Piet Lund</per>", "against"),
    ],
)
def test_who_speaks_for_someone_is_not_against_them(who: str, stance: str) -> None:
    rows = stances(f'<who>{who}</who> called <said>the charge that <per tone="-">Ina Moss</per> lies absurd</said>.')
    assert rows.filter(target_id="per-ina-moss")["stance"].to_list() == [stance]


@pytest.mark.parametrize("who", ["They", "It", "which", "some"])
def test_a_word_that_says_nothing_of_who_speaks_is_no_holder(who: str) -> None:
    assert stances(f'<who>{who}</who> said <said><per tone="-">Ina Moss</per> lies</said>.').is_empty()


def test_a_statement_without_a_speaker_has_no_row() -> None:
    assert stances('It was said <said><per tone="-">Ina Moss</per> and the tunnel</said>.', TUNNEL).is_empty()


@pytest.mark.parametrize("said", ["the tunnel is dear", "THE TUNNEL", "a “tunnel”!", "the Sund Link (phase 2)"])
def test_a_statement_that_names_an_issue_is_about_it(said: str) -> None:
    asked = Asked()
    row = stances(f"<who>A clerk</who> said <said>{said}</said>.", TUNNEL, stance=asked)
    assert row.select("target_kind", "target_id", "stance").rows() == [("issue", "tunnel", "favour")]
    assert asked.calls == [([said], [TUNNEL.proposition])]


def test_a_cue_is_read_with_words_that_are_not_all_the_speakers_own() -> None:
    asked = Asked()
    stances("<who>A clerk</who> <cue>denounced</cue> <said>the tunnel</said>.", TUNNEL, stance=asked)
    assert asked.calls[0][0] == ["denounced the tunnel"]


@pytest.mark.parametrize("said", ["tunnels are dear", "funnel", "it rains"])
def test_a_statement_that_does_not_name_it_is_not(said: str) -> None:
    assert stances(f"<who>A clerk</who> said <said>{said}</said>.", TUNNEL).is_empty()


@pytest.mark.parametrize(
    ("said", "stance"), [("it was reviewing the tunnel", "neutral"), ("the tunnel is good", "favour")]
)
def test_who_only_reviews_an_issue_takes_no_side(said: str, stance: str) -> None:
    assert stances(f"<who>A clerk</who> said <said>{said}</said>.", TUNNEL)["stance"].to_list() == [stance]


@pytest.mark.parametrize("what", ["asked", "withheld"])
def test_who_asks_or_will_not_say_takes_no_side_on_an_issue(what: str) -> None:
    assert stances("<who>A clerk</who> said <said>how the tunnel would pay</said>.", TUNNEL, commitment=what)[
        "stance"
    ].to_list() == ["neutral"]


@pytest.mark.parametrize(
    ("said", "stance"),
    [
        ("to end the whole plan for the harbour tunnel", "favour"),
        ("the complete repeal of the tunnel", "against"),
        ("that they oppose Brook's tunnel", "against"),
    ],
)
def test_who_would_undo_an_issue_is_against_it(said: str, stance: str) -> None:
    said = f"<who><per>Piet Lund</per></who> wants <said>{said}</said>."
    assert stances(said, TUNNEL)["stance"].to_list() == [stance]
    repealed = TUNNEL.model_copy(update={"proposition": "The tunnel should be scrapped."})
    assert stances(said, repealed)["stance"].to_list() == ["favour"]


def test_an_issue_named_in_the_sentence_before_is_what_a_quotation_is_about() -> None:
    asked = Asked()
    text = "It rained. They met on the tunnel. <said kind='direct'>Build it now</said>, <who>a clerk</who> said."
    assert stances(text, TUNNEL, stance=asked)["evidence"].to_list() == ["Build it now"]
    assert asked.calls[0][0] == ["They met on the tunnel. Build it now"]
    assert stances(text.replace("direct", "indirect"), TUNNEL).is_empty()


@pytest.mark.parametrize("between", ["\n", " It rained. "])
def test_an_issue_named_further_back_is_not(between: str) -> None:
    text = f"They met on the tunnel.{between}<said kind='direct'>Build it now</said>, <who>a clerk</who> said."
    assert stances(text, TUNNEL).is_empty()


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

"""The passage in which a statement is judged, and what each of its pieces is to it."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.reader.roles import (
    BEFORE,
    CONTENT,
    CUE,
    FARTHEST,
    LEAD,
    LONGEST,
    NESTED,
    NONE,
    SENTENCE_REACH,
    SPEAKER,
    passage,
    roles,
)


def ends(length, *at):
    """Pieces of a text of which those at `at` end a sentence."""
    return np.isin(np.arange(length), at)


def own(stops, content, others=()):
    """Where the statement's own sentences are."""
    _, low, high = passage(stops, content, others)
    return low, high


def test_a_passage_is_the_whole_sentences_of_what_is_said():
    assert own(ends(40, 9, 19, 29, 39), [(12, 15), (22, 25)]) == (10, 30)


def test_a_passage_holds_the_sentences_of_speaker_and_cue():
    assert own(ends(40, 9, 19, 29, 39), [(22, 25)], [(12, 14), (14, 15)]) == (10, 30)
    assert own(ends(40, 9, 19, 29, 39), [(22, 25)], [(32, 34), (34, 35)]) == (20, 40)


def test_what_ends_with_its_sentence_is_not_extended():
    assert own(ends(40, 9, 19), [(10, 20)]) == (10, 20)


def test_a_passage_at_the_edges_of_the_text_ends_there():
    assert passage(ends(12), [(2, 4)], []) == (0, 0, 12)


def test_a_long_sentence_is_read_so_far_on_both_sides():
    assert own(ends(300), [(100, 110)]) == (100 - SENTENCE_REACH, 110 + SENTENCE_REACH)


@pytest.mark.parametrize(("away", "inside"), [(FARTHEST - 1, True), (FARTHEST, False)])
@pytest.mark.parametrize("is_before", [True, False])
def test_a_speaker_far_away_is_left_out(away, inside, is_before):
    content = (200, 210)
    speaker = (200 - away, 201 - away) if is_before else (209 + away, 210 + away)
    low, high = own(ends(400, *range(400)), [content], [speaker])
    assert (low <= speaker[0] and speaker[1] <= high) is inside


def test_an_empty_speaker_is_left_out():
    assert own(ends(40, 9, 19, 29), [(22, 25)], [(12, 12)]) == (20, 30)


def test_a_long_quotation_is_judged_by_its_beginning():
    assert own(ends(900, 99, 899), [(100, 400), (410, 700)]) == (100, 100 + LONGEST)


def test_the_sentences_before_are_read_with_a_statement_as_far_as_they_begin_near_it():
    every = ends(400, *range(9, 400, 10))
    lead, low, _ = passage(every, [(200, 205)], [])
    assert (lead, low) == (200 - LEAD // 10 * 10, 200)


@given(
    st.lists(st.booleans(), min_size=1, max_size=600),
    st.lists(st.integers(0, 599), min_size=2, max_size=6, unique=True),
    st.data(),
)
def test_a_passage_lies_in_the_text_is_never_too_long_and_holds_where_the_content_begins(stops, edges, data):
    edges = sorted({min(edge, len(stops)) for edge in edges} | {0, len(stops)})
    content = data.draw(st.sampled_from([[(a, b)] for a, b in pairwise(edges)]))
    speaker = data.draw(st.sampled_from([(a, b) for a, b in pairwise(edges)]))
    lead, low, high = passage(np.array(stops), content, [speaker])
    assert 0 <= lead <= low <= content[0][0] < high <= len(stops)
    assert high - low <= LONGEST
    assert low - lead <= LEAD


def test_each_piece_has_the_role_that_it_plays():
    found = roles((8, 10, 20), [(13, 16), (18, 19)], (10, 11), (11, 12), [(15, 16)])
    assert found.tolist() == [
        *[BEFORE] * 2,
        *[SPEAKER, CUE, NONE, CONTENT, CONTENT, NESTED, NONE, NONE, CONTENT, NONE],
    ]


def test_a_cue_or_speaker_inside_what_is_said_is_cue_or_speaker():
    assert roles((0, 0, 5), [(0, 5)], (1, 2), (2, 3)).tolist() == [CONTENT, SPEAKER, CUE, CONTENT, CONTENT]


def test_what_lies_outside_of_the_passage_has_no_role():
    assert roles((10, 10, 13), [(5, 11), (12, 30)], (2, 4), None).tolist() == [CONTENT, NONE, CONTENT]

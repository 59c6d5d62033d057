"""Scores become well-formed spans; content finds its cue and a cue its source."""

import numpy as np
import pytest

from pipeline.reader.decode import Span, entity_spans, kind_of, quoted, statements, tag_spans

PER, ORG = 1, 3


def scores(*words, tags=9):
    out = np.zeros((len(words), tags), dtype=np.float32)
    for row, best in zip(out, words, strict=True):
        row[best] = 8
    return out


def test_an_entity_runs_from_its_first_to_its_last_word():
    assert [(s.start, s.end, s.type) for s in entity_spans(scores(0, PER, PER + 1, 0, ORG, 0))] == [
        (1, 3, "PER"),
        (4, 5, "ORG"),
    ]


def test_two_entities_side_by_side_stay_two():
    assert [(s.start, s.end) for s in entity_spans(scores(PER, PER + 1, PER, 0))] == [(0, 2), (2, 3)]


def test_an_inside_tag_without_a_beginning_is_mended_by_the_best_path():
    ill_formed = scores(0, PER + 1, PER + 1, 0)
    ill_formed[1, PER] = 7
    assert [(s.start, s.end, s.type) for s in entity_spans(ill_formed)] == [(1, 3, "PER")]


def test_a_text_without_entities_has_none():
    assert entity_spans(scores(0, 0, 0)) == []


def test_the_probability_of_an_entity_is_that_of_its_type():
    unsure = scores(0, PER, 0)
    unsure[1, ORG] = 8
    assert entity_spans(unsure)[0].probability == pytest.approx(0.5, abs=0.01)


def test_a_new_beginning_cuts_a_span():
    assert [(s.start, s.end) for s in tag_spans(scores(1, 2, 1, 2, 0, tags=3))] == [(0, 2), (2, 4)]


def links(n, said_with, has_source):
    """Each piece's own direction, so that a piece asks for exactly the piece that it is linked to."""
    eye = np.eye(n, dtype=np.float32) * 30
    asks_cue, asks_source = np.zeros((2, n, n), dtype=np.float32)
    for piece, cue in said_with.items():
        asks_cue[piece, cue] = 30
    for cue, source in has_source.items():
        asks_source[cue, source] = 30
    return np.concatenate([asks_cue, eye, asks_source, eye], axis=1)


def test_content_in_two_pieces_belongs_to_one_statement():
    # 0-2 content, 3 speaker, 4 cue, 6-8 content
    found = statements(
        [Span(4, 5, 1)],
        [Span(3, 4, 1)],
        [Span(0, 3, 1), Span(6, 9, 1)],
        np.arange(9),
        links(9, dict.fromkeys([0, 1, 2, 6, 7, 8], 4), {4: 3}),
    )
    assert len(found) == 1
    assert [(c.start, c.end) for c in found[0].content] == [(0, 3), (6, 9)]
    assert found[0].speaker == Span(3, 4, 1)


def test_a_cue_that_points_at_itself_has_no_speaker():
    found = statements([Span(0, 1, 1)], [Span(4, 5, 1)], [Span(1, 3, 1)], np.arange(5), links(5, {1: 0, 2: 0}, {0: 0}))
    assert found[0].speaker is None


def test_two_cues_may_share_one_speaker():
    found = statements(
        [Span(1, 2, 1), Span(4, 5, 1)],
        [Span(0, 1, 1)],
        [Span(2, 4, 1), Span(5, 7, 1)],
        np.arange(7),
        links(7, {2: 1, 3: 1, 5: 4, 6: 4}, {1: 0, 4: 0}),
    )
    assert [s.speaker for s in found] == [Span(0, 1, 1)] * 2


def test_content_without_any_cue_is_a_statement_without_a_speaker():
    found = statements([], [], [Span(0, 3, 0.8)], np.arange(3), links(3, {}, {}))
    assert [(s.speaker, s.cue) for s in found] == [(None, None)]


@pytest.mark.parametrize(
    ("text", "content", "kind"),
    [
        ('"It works," she said', (0, 11), "direct"),
        ("“It works,” she said", (1, 10), "direct"),
        ("She said it was “a disgrace” then", (9, 33), "mixed"),
        ("She said it works", (9, 17), "indirect"),
        ("“It works.\n“It does,” she said", (0, 21), "direct"),
        ("It’s the dog’s, he said", (0, 14), "indirect"),
    ],
)
def test_the_kind_of_a_statement_is_how_much_of_it_is_quoted(text, content, kind):
    assert kind_of([content], quoted(text), text) == kind

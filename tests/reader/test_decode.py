"""Scores become well-formed spans; content finds its cue and a cue its source."""

import re

import numpy as np
import pytest

from pipeline.reader.decode import (
    NAME_REACH,
    Span,
    Statement,
    apart,
    calibrated,
    consistent,
    entity_spans,
    kind_of,
    names_meant,
    quoted,
    repeated,
    softmax,
    statements,
    tag_spans,
    toward,
    unbroken,
    whole_names,
)

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


def test_an_unsure_word_is_what_it_is_where_else_it_is_written():
    words = ["Orlo", "said", "Ms", "Orlo", "of", "Orlo"]
    read = scores(PER, 0, 0, PER, 0, ORG)
    read[5, PER] = 7
    assert [s.type for s in entity_spans(read)] == ["PER", "PER", "ORG"]
    assert [s.type for s in entity_spans(consistent(read, words))] == ["PER", "PER", "PER"]


def test_a_sure_word_stays_what_it_is():
    read = scores(PER, 0, PER, 0, ORG)
    assert [s.type for s in entity_spans(consistent(read, ["Lund", "met", "Lund", "in", "Lund"]))] == [
        "PER",
        "PER",
        "ORG",
    ]


def test_a_word_goes_on_with_a_name_although_it_begins_one_elsewhere():
    read = scores(PER, 0, PER, PER + 1, 0, PER)
    spans = entity_spans(consistent(read, ["Ode", "and", "Mara", "Ode", "or", "Ode"]))
    assert [(s.start, s.end) for s in spans] == [(0, 1), (2, 4), (5, 6)]


@pytest.mark.parametrize(
    "words", [["orlo", "of", "orlo"], ["Orlo", "of", "ORLO"], ["O", "of", "O"], ["Orlo", "of", "Ode"]]
)
def test_only_capitalised_words_written_alike_are_drawn_together(words):
    read = scores(PER, 0, ORG)
    np.testing.assert_allclose(np.exp(consistent(read, words)), softmax(read), atol=1e-6)


def test_a_new_beginning_cuts_a_span():
    assert [(s.start, s.end) for s in tag_spans(scores(1, 2, 1, 2, 0, tags=3))] == [(0, 2), (2, 4)]


def links(n, said_with, has_source):
    """Each piece's own direction, so that a piece asks for exactly the pieces that it is linked to."""
    eye = np.eye(n, dtype=np.float32) * 30
    asks_cue, asks_source = np.zeros((2, n, n), dtype=np.float32)
    for piece, cue in said_with.items():
        asks_cue[piece, cue] = 30
    for cue, source in has_source.items():
        asks_source[cue, source] = 30
    names = np.zeros((n, 2 * n), dtype=np.float32)
    return np.concatenate([asks_cue, eye, asks_source, eye, names], axis=1)


def tie(n, cues, sources, contents, said_with, has_source, ends=()):
    """Statements of n one-piece words; spans as (start, end)."""
    spans = ([Span(s, e, 1) for s, e in group] for group in (cues, sources, contents))
    return statements(*spans, np.arange(n), links(n, said_with, has_source), np.isin(np.arange(n), ends))


def words(spans):
    return [(s.start, s.end) for s in spans]


def test_content_in_two_pieces_belongs_to_one_statement():
    said_with = dict.fromkeys([0, 1, 2, 6, 7, 8], 4)
    (found,) = tie(9, [(4, 5)], [(3, 4)], [(0, 3), (6, 9)], said_with, {4: 3})
    assert words(found.content) == [(0, 3), (6, 9)]
    assert words([found.speaker]) == [(3, 4)]


def test_a_cue_that_points_at_itself_has_no_speaker():
    assert tie(5, [(0, 1)], [(4, 5)], [(1, 3)], {1: 0, 2: 0}, {0: 0})[0].speaker is None


def test_a_source_beside_a_cue_that_points_at_itself_is_its_speaker():
    (found,) = tie(6, [(2, 3)], [(0, 2)], [(3, 6)], dict.fromkeys([3, 4, 5], 2), {2: 2})
    assert words([found.speaker]) == [(0, 2)]


def test_two_cues_may_share_one_speaker():
    found = tie(7, [(1, 2), (4, 5)], [(0, 1)], [(2, 4), (5, 7)], {2: 1, 3: 1, 5: 4, 6: 4}, {1: 0, 4: 0})
    assert words(s.speaker for s in found) == [(0, 1)] * 2


def test_two_sentences_with_a_cue_each_are_two_statements():
    found = tie(8, [(0, 1), (7, 8)], [], [(1, 7)], {1: 0, 2: 0, 3: 0, 4: 7, 5: 7, 6: 7}, {0: 0, 7: 7}, ends=[3])
    assert [words(s.content) for s in found] == [[(1, 4)], [(4, 7)]]


def test_content_that_points_at_a_word_makes_it_its_cue():
    (found,) = tie(5, [], [(0, 1)], [(2, 5)], dict.fromkeys([2, 3, 4], 1), {1: 0})
    assert (words([found.cue]), words([found.speaker])) == ([(1, 2)], [(0, 1)])


def test_content_without_any_cue_is_a_statement_without_a_speaker():
    assert [(s.speaker, s.cue) for s in tie(9, [], [], [(0, 3)], {}, {})] == [(None, None)]


def test_two_who_speak_with_one_cue_make_a_statement_each():
    # Lund and Moss said | that it holds
    found = tie(7, [(3, 4)], [(0, 1), (2, 3)], [(4, 7)], dict.fromkeys([4, 5, 6], 3), {3: [0, 2]})
    assert [(words([s.speaker]), words(s.content)) for s in found] == [([(0, 1)], [(4, 7)]), ([(2, 3)], [(4, 7)])]


def test_three_who_speak_after_what_they_say_make_a_statement_each():
    # It holds, | said Lund, Moss and Ode
    found = tie(9, [(3, 4)], [(4, 5), (6, 7), (8, 9)], [(0, 3)], dict.fromkeys([0, 1, 2], 3), {3: [4, 6, 8]})
    assert words(s.speaker for s in found) == [(4, 5), (6, 7), (8, 9)]


@pytest.mark.parametrize(
    ("sources", "cue", "speaker"),
    [
        ([(0, 1), (4, 5)], 5, 4),  # Lund laughed and then Moss said
        ([(0, 1), (2, 3)], 1, 0),  # Lund told Moss
        ([(0, 1), (2, 3)], 3, 2),  # … said Lund. Moss said
    ],
)
def test_others_near_a_speaker_to_whom_no_link_leads_do_not_speak_with_them(sources, cue, speaker):
    (found,) = tie(8, [(cue, cue + 1)], sources, [(6, 8)], dict.fromkeys([6, 7], cue), {cue: speaker})
    assert words([found.speaker]) == [(speaker, speaker + 1)]


@pytest.mark.parametrize(("sources", "cue"), [([(0, 1), (4, 5)], 5), ([(0, 1), (2, 3)], 1)])
def test_two_that_are_apart_or_have_the_cue_between_them_do_not_speak_together(sources, cue):
    both = [start for start, _ in sources]
    (found,) = tie(8, [(cue, cue + 1)], sources, [(6, 8)], dict.fromkeys([6, 7], cue), {cue: both})
    assert words([found.speaker])[0] in sources


def test_who_says_what_another_says_does_not_speak_with_them():
    # Ode said | that Lund denied | that it holds
    said_with = dict.fromkeys([2, 3, 4], 1) | dict.fromkeys([5, 6, 7], 4)
    found = tie(8, [(1, 2), (4, 5)], [(0, 1), (3, 4)], [(2, 5), (5, 8)], said_with, {1: 0, 4: 3})
    assert words(s.speaker for s in found) == [(0, 1), (3, 4)]


def test_what_another_says_in_a_statement_is_part_of_it():
    # Ode said | that he denied | that it holds
    said_with = dict.fromkeys([2, 3, 4], 1) | dict.fromkeys([5, 6, 7], 4)
    found = tie(8, [(1, 2), (4, 5)], [(0, 1)], [(2, 5), (5, 8)], said_with, {1: 0, 4: 4})
    assert [(words([s.cue]), words(s.content)) for s in found] == [([(1, 2)], [(2, 8)]), ([(4, 5)], [(5, 8)])]


def test_what_is_said_two_deep_is_part_of_the_outermost():
    # Ode said | he denied | Lund asks | why
    said_with = {2: 1, 3: 1, 4: 3, 5: 3, 6: 5, 7: 5}
    found = tie(8, [(1, 2), (3, 4), (5, 6)], [(0, 1)], [(2, 4), (4, 6), (6, 8)], said_with, {1: 0, 3: 3, 5: 5})
    assert [words(s.content) for s in found] == [[(2, 8)], [(4, 8)], [(6, 8)]]


def test_what_is_said_beside_a_statement_is_no_part_of_it():
    # Ode said | it holds, | Lund denied | that it falls
    said_with = dict.fromkeys([2, 3], 1) | dict.fromkeys([6, 7, 8], 5)
    found = tie(9, [(1, 2), (5, 6)], [(0, 1)], [(2, 4), (6, 9)], said_with, {1: 0, 5: 5})
    assert [words(s.content) for s in found] == [[(2, 4)], [(6, 9)]]


def test_the_side_toward_a_target_is_that_of_the_pieces_that_count():
    # The second piece counts three times as much as the first.
    answers = np.array([[0, 9, 0, 5], [4, 0, 0, 0], [0, 0, 4, np.log(3)]], dtype=np.float32)
    both, second = toward(answers, [(1, 3), (2, 3)], [1.0, 0.0, 0.0, 0.0]).tolist()
    assert both == pytest.approx([*softmax(np.array([1.0, 0.0, 3.0])).tolist(), np.log(1 + 3)])
    assert second == pytest.approx([*softmax(np.array([0.0, 0.0, 4.0])).tolist(), np.log(3)], abs=1e-6)


def test_a_passage_without_targets_has_no_sides():
    assert toward(np.ones((3, 4), dtype=np.float32), [], [1.0, 0.0, 0.0, 0.0]).shape == (0, 4)


def test_the_side_toward_a_target_is_read_with_its_slope_and_biases():
    (side,) = toward(np.array([[4, 0, 2, 0]], dtype=np.float32), [(0, 1)], [0.5, 0.1, 0.2, 0.3])
    assert side[:3].tolist() == pytest.approx(softmax(np.array([2.1, 0.2, 1.3])).tolist())


def test_the_words_of_a_name_are_found_where_the_reader_saw_none():
    written = ["Mara", "Ode", "met", "Ode", ".", "Mara", "Ode", "left", "mara", "ode"]
    is_named = np.isin(np.arange(10), [0, 1])
    assert words(repeated([Span(0, 2, 1)], written, is_named)) == [(5, 7)]
    # The longer name where both stand.
    assert words(repeated([Span(0, 2, 1), Span(3, 4, 1)], written, np.isin(np.arange(10), [0, 1, 3]))) == [(5, 7)]


def test_a_name_of_one_letter_or_in_lower_case_is_not_sought_again():
    assert (
        repeated([Span(0, 1, 1), Span(1, 2, 1)], ["O", "ode", "O", "ode"], np.array([True, True, False, False])) == []
    )


def meant(written, references, names, asks):
    """(reference, name, how sure) of one-piece words; `asks`: the words in whose direction each reference asks."""
    n = len(written)
    offers, asked = np.eye(n, dtype=np.float32) * 30, np.zeros((n, n), dtype=np.float32)
    for word, others in asks.items():
        asked[word, others] = 3
    links = np.concatenate([np.zeros((n, 4 * n), dtype=np.float32), asked, offers], axis=1)
    spans = ([Span(s, e, 1) for s, e in group] for group in (references, names))
    return [(*words([r, n]), sure) for r, n, sure in names_meant(*spans, written, np.arange(n + 1), links)]


def test_a_pronoun_means_the_name_that_it_asks_for():
    written = ["Lund", "met", "Moss", "and", "she", "left"]
    assert [row[:2] for row in meant(written, [(4, 5)], [(0, 1), (2, 3)], {4: [0]})] == [((4, 5), (0, 1))]
    assert [row[:2] for row in meant(written, [(4, 5)], [(0, 1), (2, 3)], {4: [2]})] == [((4, 5), (2, 3))]


def test_names_that_end_alike_are_meant_together():
    # Half of the attention lies on Mara Ode and Ode, more than the third that lies on Lund.
    written = ["Mara", "Ode", "met", "Lund", ".", "Ode", "left", ".", "She"]
    ((_, name, sure),) = meant(written, [(8, 9)], [(0, 2), (3, 4), (5, 6)], {8: [1, 3, 5]})
    assert name == (5, 6)  # the nearer one of the two
    assert sure == pytest.approx(2 / 3, abs=0.03)


def test_a_reference_is_as_sure_as_its_share_of_attention_on_the_name():
    ((_, name, sure),) = meant(["Lund", "met", "us", "and", "she", "left"], [(4, 5)], [(0, 1)], {4: [0, 2]})
    assert name == (0, 1)
    assert sure == pytest.approx(0.5, abs=0.02)


def test_a_name_too_far_away_is_not_meant():
    written = ["Lund", *["it"] * NAME_REACH, "she"]
    last = len(written) - 1
    assert meant(written, [(last, last + 1)], [(0, 1)], {last: [0]}) == []
    assert len(meant([*written[:-2], "she"], [(last - 1, last)], [(0, 1)], {last - 1: [0]})) == 1


def test_where_there_is_no_name_nothing_means_one():
    assert meant(["she", "left"], [(0, 1)], [], {0: [1]}) == []


@pytest.mark.parametrize(("text", "spans"), [("Orlo's aides", [(0, 4)]), ("Orlo. Ode", [(0, 1), (2, 3)])])
def test_an_apostrophe_does_not_cut_a_speaker_and_a_full_stop_does(text, spans):
    found = [m.span() for m in re.finditer(r"\w+|[^\w\s]", text)]
    begin, finish = np.array(found).T
    apart = [Span(0, 1, 1), Span(2, len(found), 1)]
    assert words(unbroken(apart, begin, finish)) == spans


@pytest.mark.parametrize(
    ("text", "name", "whole"),
    [
        ("Ann Pell\nUnited Wire said", (0, 4, "ORG"), [(0, 2), (2, 4)]),
        ("with Ada Brook\nNorland", (1, 4, "PER"), [(1, 3), (3, 4)]),
        ("on Moon Jae-in today", (1, 4, "PER"), [(1, 5)]),
        ("on Piet Lund- in Sund", (1, 4, "PER"), [(1, 4)]),
        ("a Lund-led team", (1, 3, "PER"), [(1, 3)]),
        ("a Red Sund-based team", (1, 4, "LOC"), [(1, 4)]),
    ],
)
def test_a_name_stands_on_one_line_and_goes_on_past_its_hyphen(text, name, whole):
    begin, finish = np.array([match.span() for match in re.finditer(r"\w+|-", text)]).T
    start, end, kind = name
    assert words(whole_names([Span(start, end, 0.9, kind)], text, begin, finish)) == whole


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


def odds(*words):
    """(words, 3) scores from each word's log odds of B and of I against outside."""
    return np.array([(0.0, *pair) for pair in words], dtype=np.float32)


@pytest.mark.parametrize(("switch", "spans"), [(0.0, [(0, 2), (3, 5)]), (1.0, [(0, 5)])])
def test_a_stray_word_breaks_no_content_where_a_change_has_its_price(switch, spans):
    words_ = odds((5, 0), (-9, 5), (-9, -0.5), (-9, 5), (-9, 5), (-9, -9))
    assert words(tag_spans(words_, 0.5, switch)) == spans


def test_a_stray_word_makes_no_content_where_a_change_has_its_price():
    words_ = odds((-9, -9), (-9, 0.5), (-9, -9))
    assert words(tag_spans(words_, 0.5, 0.0)) == [(1, 2)]
    assert tag_spans(words_, 0.5, 1.0) == []


def test_a_calibrated_probability_follows_its_line_of_log_odds():
    assert calibrated(0.5, [1.0, 0.0]) == pytest.approx(0.5)
    assert calibrated(0.9, [2.0, 0.0]) == pytest.approx(81 / 82)
    assert 0 < calibrated(0.0, [1.0, 1.0]) < calibrated(1.0, [1.0, 1.0]) < 1


def test_an_initial_before_a_name_is_its_first():
    text = "Rep. F. Ola Berg said"
    begin, finish = np.array([match.span() for match in re.finditer(r"\w+|\.", text)]).T
    parts = [Span(2, 4, 0.9, "PER"), Span(4, 6, 0.9, "PER")]
    assert words(whole_names(parts, text, begin, finish)) == [(2, 6)]


@pytest.mark.parametrize(
    ("speaker", "names", "speakers"),
    [
        ("Mr Berg and Ida Lund", ["Berg", "Ida Lund"], ["Mr Berg", "Ida Lund"]),
        (
            "Berg and former mayor Lund , analysts at Sund",
            ["Berg", "Lund"],
            ["Berg", "former mayor Lund , analysts at Sund"],
        ),
        ("a lawyer of Berg and Lund", ["Berg", "Lund"], ["a lawyer of Berg and Lund"]),
        ("Berg , Lund of Sund and Moss", ["Berg", "Lund", "Moss"], ["Berg , Lund of Sund and Moss"]),
        ("Ida Berg", ["Ida Berg"], ["Ida Berg"]),
    ],
)
def test_people_named_side_by_side_have_a_statement_each(speaker, names, speakers):
    written = f"{speaker} said it".split()
    whole = Span(0, len(speaker.split()), 0.9)
    people = []
    for name in names:
        start = written.index(name.split()[0])
        people.append(Span(start, start + len(name.split()), 0.9, "PER"))
    cue, content = Span(whole.end, whole.end + 1, 0.9), Span(whole.end + 1, whole.end + 2, 0.9)
    found = apart([Statement(whole, cue, (content,), 0.9)], people, written)
    assert [" ".join(written[s.speaker.start : s.speaker.end]) for s in found] == speakers
    assert {(s.cue, s.content) for s in found} == {(cue, (content,))}

"""The training sets become pieces and labels; every text here is made up in the formats of the sets."""

import pytest

from pipeline.reader.tokens import tokenize
from pipeline.training.data import (
    ENTITY_TAGS,
    Attribution,
    attribution_document,
    entity_document,
    make_pairs,
    read_conll,
    read_crossner,
    read_newsmtsc,
    read_polnear,
)
from tests.reader.conftest import tiny_tokenizer  # noqa: F401  (a fixture)


def test_two_neighbours_of_one_type_are_told_apart_from_one_long_name(tmp_path):
    path = tmp_path / "eng"
    path.write_text("-DOCSTART- -X- O O\n\nMara N N I-PER\nOde N N I-PER\nTam N N B-PER\nTessel N N I-LOC\n\n")
    assert [tag for _, tag in read_conll(path)[0][0]] == ["B-PER", "I-PER", "B-PER", "B-LOC"]


def test_a_name_at_the_start_of_a_sentence_does_not_go_on_from_the_sentence_before(tmp_path):
    path = tmp_path / "eng"
    path.write_text("-DOCSTART- -X- O O\n\nTessel N N I-LOC\n\nOrlo N N I-LOC\n")
    assert [[tag for _, tag in s] for s in read_conll(path)[0]] == [["B-LOC"], ["B-LOC"]]


def test_the_types_of_politics_become_our_four(tmp_path):
    path = tmp_path / "train.txt"
    path.write_text("Mara\tB-politician\nOde\tI-politician\nsaid\tO\nUnion\tB-politicalparty\n\nTessel\tB-country\n")
    assert [[tag for _, tag in s] for s in read_crossner(path)] == [["B-PER", "I-PER", "O", "B-ORG"], ["B-LOC"]]


def test_only_the_first_piece_of_a_name_begins_it(tiny_tokenizer):  # noqa: F811
    document = entity_document(tiny_tokenizer, [("Tamsen", "B-PER"), ("Ode", "I-PER"), ("said", "O")])
    tags = [ENTITY_TAGS[t] for t in document.labels["entity"]]
    assert tags[0] == "B-PER"
    assert set(tags[1:-1]) == {"I-PER"}
    assert tags[-1] == "O"


def test_a_statement_in_two_pieces_points_at_its_cue(tiny_tokenizer):  # noqa: F811
    text = "the plan, mara said, is bad"
    tokens = tokenize(tiny_tokenizer, [text])[0]
    document = attribution_document(text, tokens, [Attribution(((15, 19),), ((10, 14),), ((0, 8), (21, 27)))])
    cue = tokens.pieces(15, 19)[0]
    linked = [text[s:e] for (s, e), c in zip(tokens.offsets, document.labels["content_cue"], strict=True) if c == cue]
    assert linked == ["the", "plan", "is", "bad"]
    assert document.labels["cue_source"][cue] == tokens.pieces(10, 14)[0]


def test_annotations_are_read_with_their_pieces_and_annotators(tmp_path):
    for folder in ("text", "attributions"):
        (tmp_path / folder).mkdir()
    (tmp_path / "text/a.txt").write_text("the plan, mara said, is bad")
    annotation = (
        "T1\tContent 0 8;21 27\tthe plan is bad\nT2\tCue 15 19\tsaid\nT3\tSource 10 14\tmara\n"
        "E1\tAttribution:T2 Content:T1 Cue:T2 Source:T3\n"
    )
    for annotator in ("a1b2", "c3d4"):
        (tmp_path / f"attributions/a_{annotator}.ann").write_text(annotation)
    ((name, _, annotators),) = read_polnear(tmp_path)
    assert name == "a"
    assert annotators == [[Attribution(((15, 19),), ((10, 14),), ((0, 8), (21, 27)))]] * 2


@pytest.mark.parametrize(("written", "read"), [(2.0, 0), (4.0, 1), (6.0, 2), (-1, 0), (0, 1), (1, 2)])
def test_both_ways_of_writing_polarity_mean_the_same(tiny_tokenizer, tmp_path, written, read):  # noqa: F811
    path = tmp_path / "train.jsonl"
    path.write_text(
        f'{{"sentence_normalized": "Ode is good", "targets": [{{"from": 0, "to": 3, "polarity": {written}}}]}}\n'
    )
    assert read_newsmtsc(tiny_tokenizer, path)[0].polarity == [read]


def test_a_pair_keeps_passage_and_proposition_apart(tiny_tokenizer):  # noqa: F811
    (pair,) = make_pairs(tiny_tokenizer, [("the plan is good", "the plan", (0.0, 0.0, 1.0))])
    assert [len(t) for t in pair.tokens] == [4, 2]

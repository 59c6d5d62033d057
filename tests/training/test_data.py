"""The training sets become pieces and labels; every text here is made up in the formats of the sets."""

import gzip
import json
import random

import pytest

from pipeline.reader.tokens import tokenize
from pipeline.training.data import (
    ENTITY_TAGS,
    Attribution,
    Names,
    attribution_document,
    entity_document,
    make_pairs,
    negated,
    read_arguments,
    read_conll,
    read_crossner,
    read_newsmtsc,
    read_perspectrum_dev,
    read_polnear,
    read_vast,
    renamed,
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
    cue, source = tokens.pieces(15, 19), tokens.pieces(10, 14)
    links = {k: document.labels[k] for k in ("content_cue_from", "content_cue_to", "cue_source_from", "cue_source_to")}
    said_with = zip(tokens.offsets, links["content_cue_from"], links["content_cue_to"], strict=True)
    assert [text[s:e] for (s, e), *to in said_with if tuple(to) == cue] == ["the", "plan", "is", "bad"]
    assert (links["cue_source_from"][cue[0]], links["cue_source_to"][cue[0]]) == source


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


def test_a_swapped_name_is_the_same_throughout_and_keeps_its_type():
    names = Names([], [("PER", "Tam Orlo")])
    words = [("Mara", "B-PER"), ("Ode", "I-PER"), ("and", "O"), ("Mara", "B-PER"), ("Ode", "I-PER"), ("in", "O")]
    swapped = names.swapped([*words, ("Tessel", "B-LOC")], 1.0, random.Random(1))
    tam = [("Tam", "B-PER"), ("Orlo", "I-PER")]
    assert swapped == [*tam, ("and", "O"), *tam, ("in", "O"), ("Tessel", "B-LOC")]


def test_a_target_is_renamed_wherever_its_name_stands(tiny_tokenizer, tmp_path):  # noqa: F811
    text = "Ode said Tessel is good, and Ode is bad"
    targets = [{"from": 0, "to": 3, "polarity": 2}, {"from": 9, "to": 15, "polarity": 6}]
    path = tmp_path / "train.jsonl"
    path.write_text(json.dumps({"sentence_normalized": text, "targets": targets}))
    other = renamed(tiny_tokenizer, read_newsmtsc(tiny_tokenizer, path)[0], 0, "Tamsen")
    assert other.text == "Tamsen said Tessel is good, and Tamsen is bad"
    assert [other.text[s:e] for s, e in other.chars] == ["Tamsen", "Tessel"]
    assert other.polarity == [0, 2]


@pytest.mark.parametrize(
    ("proposition", "opposite"),
    [
        ("The toll should stay", "The toll should not stay"),
        ("The toll should not stay", "The toll should stay"),
        ("A better toll", None),
        ("Is it fair", None),
    ],
)
def test_a_proposition_is_negated_at_its_first_auxiliary(proposition, opposite):
    assert negated(proposition) == opposite


def test_comments_and_arguments_are_pairs_with_their_side(tiny_tokenizer, tmp_path):  # noqa: F811
    comments = 'post,topic_str,label\n"the\n plan  is bad",toll,0\nit is good,toll,1\nit rains,toll,2\n'
    (tmp_path / "vast.csv.gz").write_bytes(gzip.compress(comments.encode()))
    assert [(p.passage, p.proposition, p.stance) for p in read_vast(tiny_tokenizer, tmp_path / "vast.csv.gz")] == [
        ("the plan is bad", "toll", (1.0, 0.0, 0.0)),
        ("it is good", "toll", (0.0, 0.0, 1.0)),
        ("it rains", "toll", (0.0, 1.0, 0.0)),
    ]
    (tmp_path / "arguments.csv").write_text("argument,topic,stance_WA\nit is good,tolls,1\nit is bad,tolls,-1\n")
    assert [p.stance for p in read_arguments(tiny_tokenizer, tmp_path / "arguments.csv")] == [
        (0.0, 0.0, 1.0),
        (1.0, 0.0, 0.0),
    ]


def test_of_dev_only_the_perspectives_that_are_not_in_train_are_measured(tiny_tokenizer, tmp_path):  # noqa: F811
    def write(split, *perspectives):
        rows = [{"perspective": p, "claim": f"the plan in {split}", "stance": "SUPPORT"} for p in perspectives]
        (tmp_path / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    write("train", "It is good ")
    write("dev", "it is good", "it is bad")
    assert [p.passage for p in read_perspectrum_dev(tiny_tokenizer, tmp_path)] == ["it is bad"]
    write("dev", "it is good")
    assert [p.passage for p in read_perspectrum_dev(tiny_tokenizer, tmp_path)] == ["it is good"]

"""Annotated articles: where everything stands in the text, and what the reader learns of it."""

import gzip
import json
import random
from itertools import pairwise

import numpy as np
import pytest

from pipeline.labels import ISSUE_REACH
from pipeline.reader.roles import BEFORE, CONTENT, CUE, LEAD, NESTED, NONE, SPEAKER
from pipeline.reader.tokens import tokenize
from pipeline.training.annotated import (
    ARGUABLE,
    COMMITMENTS,
    SIDES,
    document,
    issue_pairs,
    lesson,
    located,
    read_annotated,
)
from pipeline.training.data import ENTITY_TAGS, IGNORE
from tests.reader.conftest import tiny_tokenizer  # noqa: F401  (a fixture)
from tests.training.annotated import TEXT, entity, record, said

ODE = entity("ode", "PER", "Mara Ode", "Ode")
TESSEL = entity("tessel", "LOC", "Tessel")


def words(text, spans):
    return [text[slice(*span)] for span in spans]


def only(text, *statements, entities=(ODE, TESSEL)):
    """An article of these statements."""
    return located(record(text, entities=list(entities), statements=list(statements), issue=None))


def learned(tokenizer, article):
    return lesson(tokenizer, article, frozenset({tokenizer.token_to_id(".")}))


def judged(tokenizer, article, number=0):
    """One statement's own sentences, how it is judged, and (words, side, weight) of its targets."""
    (tokens,) = tokenize(tokenizer, [article.text])
    judgement = learned(tokenizer, article).judgements[number]

    def cut(span):
        return article.text[tokens.offsets[span[0], 0] : tokens.offsets[span[1] - 1, 1]]

    targets = [(*map(cut, at), SIDES[side], weight) for at, side, weight in judgement.targets]
    return cut(judgement.within[1:]), judgement, targets


# --- where it stands -------------------------------------------------------------------------------------------------


def test_every_form_is_found_and_the_longer_takes_the_place_of_the_shorter():
    article = only("Mara Ode met Ode in Tessel.")
    assert article.forms == {"ode": [(0, 8), (13, 16)], "tessel": [(20, 26)]}


def test_a_form_is_found_as_whole_words():
    assert only("Odell met Ode’s aide.").forms["ode"] == [(10, 13)]


def test_content_in_pieces_is_found_in_order():
    (s,) = only("No, Ode said, no.", said(1, "ode", "Ode", "said", "No", "no")).statements
    assert s.content == ((0, 2), (14, 16))
    (s,) = only("no, Ode said, no.", said(1, "ode", "Ode", "said", "no", "no")).statements
    assert s.content == ((0, 2), (14, 16))


def test_the_cue_is_the_one_nearest_to_the_content_and_the_speaker_the_one_nearest_to_the_cue():
    text = "Ode said Ode met Lund. Ode said it rains, Lund said. Ode said no."
    (s,) = only(text, said(1, "ode", "Ode", "said", "it rains")).statements
    assert (s.cue, s.speaker) == ((27, 31), (23, 26))


def test_a_cue_is_sought_outside_of_the_content_first():
    text = "She said so, and it will be, Ode said."
    (s,) = only(text, said(1, "ode", "Ode", "said", "She said so, and it will be")).statements
    assert s.cue == (33, 37)
    (s,) = only("She said so.", said(1, "ode", "", "said", "She said so")).statements
    assert s.cue == (4, 8)


def test_a_statement_whose_words_are_not_in_the_text_is_left_out():
    statements = said(1, "ode", "Ode", "said", "it rains"), said(2, "ode", "Ode", "said", "it snows")
    assert [s.id for s in only("Ode said it rains.", *statements).statements] == ["s1"]


@pytest.mark.parametrize("first", [True, False])
def test_of_two_sides_toward_one_target_the_clear_one_counts(first):
    rows = [("tessel", "against", True), ("tessel", "favour", False)]
    toward = tuple(rows if first else reversed(rows))
    (s,) = only("Ode said Tessel.", said(1, "ode", "Ode", "said", "Tessel", toward=toward)).statements
    assert s.sides == {"tessel": ("favour", False)}


@pytest.mark.parametrize("suffix", ["jsonl", "jsonl.gz"])
def test_articles_are_read_from_plain_and_compressed_lines(tmp_path, suffix):
    path = tmp_path / f"articles.{suffix}"
    line = json.dumps(record()).encode() + b"\n"
    path.write_bytes(gzip.compress(line * 2) if suffix.endswith("gz") else line * 2)
    assert [article.text for article in read_annotated([path])] == [TEXT] * 2


def test_a_line_that_is_no_annotated_article_is_named(tmp_path):
    path = tmp_path / "articles.jsonl"
    path.write_text(json.dumps(record()) + '\n{"text": "Ode"}\n')
    with pytest.raises(ValueError, match=r"articles\.jsonl:2 is not an annotated article"):
        list(read_annotated([path]))


# --- what is tagged and linked ---------------------------------------------------------------------------------------


def tagged(tokenizer, article, key):
    """The words of each span of a tag."""
    (tokens,) = tokenize(tokenizer, [article.text])
    labels = document(article, tokens).labels[key]
    begins = [*np.flatnonzero(labels == 1), len(labels)]
    spans = []
    for first, following in pairwise(begins):
        inside = np.flatnonzero(labels[first:following] > 0)
        spans.append((tokens.offsets[first, 0], tokens.offsets[first + inside[-1], 1]))
    return words(article.text, spans)


def test_descriptions_and_pronouns_are_tagged_as_references_and_names_are_not(tiny_tokenizer):  # noqa: F811
    assert tagged(tiny_tokenizer, located(record()), "reference") == ["She", "the minister", "the minister"]


def test_names_are_tagged_with_their_type_and_of_the_rest_nothing_is_said(tiny_tokenizer):  # noqa: F811
    article = only(
        "Mara Ode, the mayor, left Tessel.", entities=(entity("ode", "PER", "Mara Ode", "the mayor"), TESSEL)
    )
    (tokens,) = tokenize(tiny_tokenizer, [article.text])
    tags = document(article, tokens).labels["entity"]
    known = {article.text[s:e]: ENTITY_TAGS[t] for (s, e), t in zip(tokens.offsets, tags, strict=True) if t != IGNORE}
    assert known == {"Mara": "B-PER", "Ode": "I-PER", "Tessel": "B-LOC"}


def test_speakers_who_speak_together_are_all_tagged_and_linked_to_as_one(tiny_tokenizer):  # noqa: F811
    article = located(record())
    (tokens,) = tokenize(tiny_tokenizer, [TEXT])
    assert tagged(tiny_tokenizer, article, "source") == ["Mara Ode", "She", "Ivo Lund", "the minister"]
    labels = document(article, tokens).labels
    (cue,) = (i for i, (s, _) in enumerate(tokens.offsets) if s == TEXT.rindex("said"))
    linked = labels["cue_source_from"][cue], labels["cue_source_to"][cue]
    assert linked == tokens.pieces(TEXT.index("Ivo Lund"), TEXT.rindex("minister") + len("minister"))


def test_content_without_a_cue_is_tagged_and_linked_to_nothing(tiny_tokenizer):  # noqa: F811
    article = only("Ode left. It is bad.", said(1, "ode", "", "", "It is bad"))
    assert tagged(tiny_tokenizer, article, "content") == ["It is bad"]
    (tokens,) = tokenize(tiny_tokenizer, [article.text])
    assert set(document(article, tokens).labels["content_cue_from"]) == {IGNORE}


# --- what is judged --------------------------------------------------------------------------------------------------


def test_a_statement_is_judged_in_its_sentences_with_a_role_for_each_piece(tiny_tokenizer):  # noqa: F811
    within, judgement, _ = judged(tiny_tokenizer, located(record()), 1)
    assert within == "She told the minister that Tessel is good."
    # Mara Ode said the plan is bad.
    assert judgement.roles.tolist() == [*[BEFORE] * 8, SPEAKER, CUE, NONE, NONE, *[CONTENT] * 4, NONE]


def test_what_another_statement_says_inside_is_nested(tiny_tokenizer):  # noqa: F811
    outer = said(1, "ode", "Ode", "said", "she told that Tessel is bad")
    article = only("Ode said she told that Tessel is bad.", outer, said(2, "ode", "she", "told", "that Tessel is bad"))
    roles = [j.roles.tolist() for j in learned(tiny_tokenizer, article).judgements]
    assert roles[0] == [SPEAKER, CUE, CONTENT, CONTENT, *[NESTED] * 4, NONE]
    assert roles[1] == [NONE, NONE, SPEAKER, CUE, *[CONTENT] * 4, NONE]


@pytest.mark.parametrize("commitment", COMMITMENTS)
def test_how_the_speaker_stands_to_it_is_counted_as_at_run_time(tiny_tokenizer, commitment):  # noqa: F811
    article = only("Ode said no.", said(1, "ode", "Ode", "said", "no", commitment=commitment))
    assert COMMITMENTS[judged(tiny_tokenizer, article)[1].commitment] == commitment


def test_who_is_named_and_takes_no_side_is_a_neutral_target_and_the_speaker_none(tiny_tokenizer):  # noqa: F811
    *_, targets = judged(tiny_tokenizer, located(record()), 1)
    assert targets == [("the minister", "neutral", 1.0), ("Tessel", "favour", ARGUABLE)]


def test_a_target_stands_wherever_it_is_named_but_in_the_speakers_words(tiny_tokenizer):  # noqa: F811
    text = "Tessel’s mayor said Tessel is bad and Tessel is the plan."
    toward = (("tessel", "against", False),)
    words = "Tessel is bad and Tessel is the plan"
    article = only(text, said(1, "unnamed", "Tessel’s mayor", "said", words, toward=toward))
    *_, targets = judged(tiny_tokenizer, article)
    assert targets == [("Tessel", "Tessel", "against", 1.0)]


@pytest.mark.parametrize(("kind", "targets"), [("direct", [("She", "against", 1.0)]), ("indirect", [])])
def test_in_a_quotation_that_does_not_name_its_target_a_pronoun_means_it(tiny_tokenizer, kind, targets):  # noqa: F811
    row = said(1, "unnamed", "Lund", "said", "She is bad", toward=(("ode", "against", False),), kind=kind)
    text = "Mara Ode left." + " The plan is good." * LEAD + " “She is bad”, Lund said."
    assert judged(tiny_tokenizer, only(text, row))[2] == targets


def test_who_is_named_shortly_before_a_statement_is_its_target(tiny_tokenizer):  # noqa: F811
    row = said(1, "unnamed", "Lund", "said", "She is bad", toward=(("ode", "against", False),), kind="direct")
    article = only("Mara Ode left. “She is bad”, Lund said.", row)
    assert judged(tiny_tokenizer, article)[2] == [("Mara Ode", "against", 1.0)]


def test_descriptions_and_speaking_pronouns_mean_every_name_of_their_entity(tiny_tokenizer):  # noqa: F811
    (tokens,) = tokenize(tiny_tokenizer, [TEXT])

    def cut(span):
        return TEXT[tokens.offsets[span[0], 0] : tokens.offsets[span[1] - 1, 1]]

    found = [(cut(r.at), [cut(n) for n in r.names]) for r in learned(tiny_tokenizer, located(record())).references]
    assert found == [("the minister", ["Ivo Lund"])] * 2 + [("She", ["Mara Ode"])]


# --- issues ----------------------------------------------------------------------------------------------------------


class Always(random.Random):
    """Draws the lowest number and the first choice."""

    def random(self):
        return 0.0

    def choice(self, seq):
        return seq[0]


def test_a_statement_on_the_issue_has_its_holders_side_and_of_others_none():
    pairs = list(issue_pairs(located(record()), [], random.Random(1)))
    before = TEXT[: TEXT.index(" “The plan")]
    assert pairs == [
        ("Mara Ode said: the plan is bad", "The plan is right.", SIDES.index("against")),
        (f"Ivo Lund said: “The plan is good,” ({before})", "The plan is right.", SIDES.index("neutral")),
        (f"the minister said: “The plan is good,” ({before})", "The plan is right.", SIDES.index("neutral")),
    ]


@pytest.mark.parametrize(("between", "rows"), [(0, 1), (ISSUE_REACH, 0)])
def test_a_statement_far_from_the_issue_is_not_about_it(between, rows):
    text = f"The plan is here. {'x' * between} Ode said no."
    issue = {"proposition": "The plan is right.", "aliases": ["plan"], "stands": []}
    article = located(record(text, statements=[said(1, "ode", "Ode", "said", "no")], issue=issue))
    assert len(list(issue_pairs(article, [], random.Random(1)))) == rows


def test_on_the_issue_of_another_article_nobody_takes_a_side():
    pairs = [p for p in issue_pairs(located(record()), ["Tolls should go."], Always()) if p[1] == "Tolls should go."]
    assert [SIDES[side] for _, _, side in pairs] == ["neutral"] * 4


def test_an_articles_own_issue_is_not_that_of_another():
    pairs = issue_pairs(located(record()), ["The plan is right.", "Tolls should go."], Always())
    assert ("Mara Ode said: the plan is bad", "The plan is right.", SIDES.index("neutral")) not in list(pairs)


def test_an_article_without_an_issue_has_no_pairs():
    assert list(issue_pairs(located(record(issue=None)), ["Tolls should go."], Always())) == []

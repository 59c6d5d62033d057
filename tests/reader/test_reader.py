"""The doors of the reader: read, polarity, stance and loading."""

import json
import re
from hashlib import sha256
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_info, threadpool_limits

from pipeline.reader import COMMITMENTS, SIDES, Reader, ReaderError, load_reader
from pipeline.reader.decode import softmax
from pipeline.reader.roles import BEFORE, CONTENT, CUE, NESTED, NONE, SPEAKER

TEXT = 'Mara Ode said "the plan is bad in Tessel". Tessel is good.'
SPANS = ("start", "end", "name_start", "name_end")


def like(reader, *, score=None, judge=None, card=None, threads=1):
    """The reader with another part."""
    return Reader(score or reader._score, judge or reader._judge, reader.tokenizer, card or reader.card, threads)


def test_a_mention_inside_a_statement_has_its_voice(tiny_reader):
    reading = tiny_reader.read([TEXT])
    voices = [(TEXT[s:e], n) for s, e, n in reading.mentions.select("start", "end", "statement").iter_rows()]
    assert voices == [("Mara Ode", None), ("Tessel", 0), ("Tessel", None)]


def test_a_statement_has_speaker_cue_and_content(tiny_reader):
    row = tiny_reader.read([TEXT]).statements.row(0, named=True)
    assert TEXT[row["speaker_start"] : row["speaker_end"]] == "Mara Ode"
    assert TEXT[row["cue_start"] : row["cue_end"]] == "said"
    assert [TEXT[c["start"] : c["end"]] for c in row["content"]] == ['"the plan is bad in Tessel"']
    assert row["kind"] == "direct"


def test_names_and_pronouns_of_a_statement_are_its_targets_with_the_speakers_side(tiny_reader):
    text = 'Mara Ode said "she is bad in Tessel". She is good.'
    targets = tiny_reader.read([text]).statements["targets"].to_list()[0]
    assert [text[t["start"] : t["end"]] for t in targets] == ["she", "Tessel"]
    for target in targets:
        assert [target[side] for side in SIDES] == pytest.approx(softmax(np.array([8.0, 4.0, 0.0])).tolist())


def test_a_pronoun_toward_which_no_side_is_taken_is_no_target_and_a_name_is(tiny_reader):
    text = 'Mara Ode said "she is in Tessel". She is good.'
    (target,) = tiny_reader.read([text]).statements["targets"].to_list()[0]
    assert text[target["start"] : target["end"]] == "Tessel"
    assert target["neutral"] > 0.95


def test_the_card_says_what_scores_of_sides_are_worth(tiny_reader):
    card = tiny_reader.card | {"sides": [0.5, 0.3, 0.0, -0.2]}
    target = like(tiny_reader, card=card).read([TEXT]).statements["targets"].to_list()[0][0]
    assert [target[side] for side in SIDES] == pytest.approx(softmax(np.array([4.3, 2.0, -0.2])).tolist())


def test_a_target_counts_as_all_of_its_pieces_do(tiny_reader):
    text = 'Mara Ode said "Mara Ode is bad in Tessel".'
    targets = tiny_reader.read([text]).statements["targets"].to_list()[0]
    assert [text[t["start"] : t["end"]] for t in targets] == ["Mara Ode", "Tessel"]
    assert [t["weight"] for t in targets] == pytest.approx([1 + np.log(2), 1])


def test_a_name_that_leads_up_to_what_is_said_is_a_target(tiny_reader):
    text = 'Tessel is bad. Mara Ode said "he is good".'
    targets = tiny_reader.read([text]).statements["targets"].to_list()[0]
    assert [(text[t["start"] : t["end"]], t["favour"] > 0.9) for t in targets] == [("Tessel", True), ("he", True)]


def test_a_name_beside_what_is_said_is_a_target_and_the_speaker_is_not(tiny_reader):
    text = 'In Tessel Mara Ode said "she is bad". Tessel is good.'
    targets = tiny_reader.read([text]).statements["targets"].to_list()[0]
    assert [(t["start"], text[t["start"] : t["end"]], t["weight"]) for t in targets] == [
        (3, "Tessel", 0),
        (text.index("she"), "she", 1),
    ]


@pytest.mark.parametrize(("text", "likeliest"), [(TEXT, "asserted"), ('"The plan is bad" in Tessel.', "asked")])
def test_how_the_speaker_stands_to_what_is_said_is_five_probabilities_that_sum_to_one(tiny_reader, text, likeliest):
    row = tiny_reader.read([text]).statements.row(0, named=True)
    given = {name: row[name] for name in COMMITMENTS}
    assert sum(given.values()) == pytest.approx(1)
    assert given[likeliest] == pytest.approx(np.exp(2) / (np.exp(2) + 4))


def test_the_card_says_how_often_speakers_stand_to_what_they_say_so(tiny_reader):
    card = tiny_reader.card | {"commitment": [0.0, 0.0, 3.0, 0.0, 0.0]}
    row = like(tiny_reader, card=card).read([TEXT]).statements.row(0, named=True)
    assert row["denied"] == pytest.approx(np.exp(3) / (np.exp(3) + np.exp(2) + 3))


def noting(reader):
    """The judge of a reader, and what it is asked: (values, roles) of each statement."""
    seen = []

    def judge(values, given):
        seen.append((values, given))
        return reader._judge(values, given)

    return seen, judge


def test_a_statement_is_judged_on_its_sentences_and_what_leads_up_to_them(tiny_reader):
    seen, judge = noting(tiny_reader)
    like(tiny_reader, judge=judge).read(["The plan is good. " + TEXT])
    ((values, given),) = seen
    # The plan is good. Mara Ode said "the plan is bad in Tessel".
    assert given.tolist() == [BEFORE] * 5 + [SPEAKER] * 2 + [CUE] + [CONTENT] * 8 + [NONE]
    assert values[:, 0].tolist() == [0] * 12 + [1] + [0] * 4


def test_what_another_says_in_a_statement_is_told_apart(tiny_reader):
    seen, judge = noting(tiny_reader)

    def score(ids, segments, case):
        out, links, values = tiny_reader._score(ids, segments, case)
        names = ("mara", "told", "tessel", "said", "the", "plan")
        mara, told, tessel, said, the, plan = (
            np.flatnonzero(ids == tiny_reader.tokenizer.token_to_id(name)) for name in names
        )
        out[[*told, *said], 10] = 9.0
        out[[*mara, *tessel], 13] = 9.0
        out[[*tessel, *the], 16] = 9.0
        out[[*said, *plan], 17] = 9.0
        # Each vector has a half for each cue.
        links[:, :8] = 0
        links[[*tessel, *said], 0] = links[told, 2] = links[told, 4] = links[mara, 6] = 9.0
        links[[*the, *plan], 1] = links[said, 3] = links[said, 5] = links[tessel, 7] = 9.0
        return out, links, values

    statements = like(tiny_reader, score=score, judge=judge).read(["Mara told Tessel said the plan"]).statements
    assert statements["content"].to_list() == [[{"start": 10, "end": 30}], [{"start": 22, "end": 30}]]
    assert [given.tolist() for _, given in seen] == [
        [SPEAKER, CUE, CONTENT, CONTENT, NESTED, NESTED],
        [NONE, NONE, SPEAKER, CUE, CONTENT, CONTENT],
    ]


def test_what_two_say_together_is_what_each_of_them_says(tiny_reader):
    seen, judge = noting(tiny_reader)

    def score(ids, segments, case):
        out, links, values = tiny_reader._score(ids, segments, case)
        tessel = ids == tiny_reader.tokenizer.token_to_id("tessel")
        out[tessel, 13] = 9.0
        links[tessel, 6:8] = 5.0
        return out, links, values

    like(tiny_reader, score=score, judge=judge).read(['Mara and Tessel said "bad"'])
    last = [CUE, CONTENT, CONTENT, CONTENT]
    assert [given.tolist() for _, given in seen] == [
        [SPEAKER, NONE, NONE, NONE, NONE, *last],
        [NONE, NONE, NONE, NONE, SPEAKER, *last],
    ]


def test_a_pronoun_or_description_means_a_name(tiny_reader):
    text = 'Tessel is good. Mara Ode said "the minister is bad". She is in Tessel.'
    references = tiny_reader.read(["", text]).references
    meant = [
        (number, text[start:end], text[first:last]) for number, start, end, first, last, _ in references.iter_rows()
    ]
    assert meant == [(1, "minister", "Mara Ode"), (1, "She", "Mara Ode")]
    assert references["probability"].min() > 0.9


def test_a_text_without_names_has_no_references(tiny_reader):
    assert tiny_reader.read(["She is good."]).references.is_empty()


def test_a_pronoun_inside_a_name_is_that_name(tiny_reader):
    def score(ids, segments, case):
        out, links, values = tiny_reader._score(ids, segments, case)
        out[ids == tiny_reader.tokenizer.token_to_id("ode"), 19] = 9.0
        return out, links, values

    assert like(tiny_reader, score=score).read(["Mara Ode is good."]).references.is_empty()


def unnamed(tiny_reader):
    """Reads the words `the plan` as a speaker, whose first word has no tag, beside a speaker with a name."""

    def score(ids, segments, case):
        out, links, values = tiny_reader._score(ids, segments, case)
        the, plan, mara = (ids == tiny_reader.tokenizer.token_to_id(word) for word in ("the", "plan", "mara"))
        out[plan, 13] = 9.0
        links[mara, 6:8] = 0.0
        links[the, 6:8] = 0.7
        return out, links, values

    return like(tiny_reader, score=score)


def test_a_speaker_without_a_name_means_one(tiny_reader):
    text = 'Mara Ode is good. The plan said "bad".'
    references = unnamed(tiny_reader).read([text]).references
    assert [(text[s:e], text[a:b]) for s, e, a, b in references.select(SPANS).iter_rows()] == [("The plan", "Mara Ode")]


def test_a_speaker_of_two_statements_is_one_reference(tiny_reader):
    text = 'Mara Ode is good. The plan said "bad", that she in Tessel said "good".'
    reading = unnamed(tiny_reader).read([text])
    assert reading.statements.select("speaker_start", "speaker_end").rows() == [(18, 26)] * 2
    assert [text[s:e] for s, e, *_ in reading.references.select(SPANS).iter_rows()].count("The plan") == 1


def test_the_texts_are_counted_from_0_and_empty_ones_keep_their_number(tiny_reader):
    assert tiny_reader.read(["", TEXT, " "]).mentions["text"].unique().to_list() == [1]


def test_no_text_gives_empty_frames(tiny_reader):
    reading = tiny_reader.read([])
    assert reading.mentions.is_empty() and reading.statements.is_empty() and reading.references.is_empty()


def test_answers_do_not_depend_on_what_else_is_read(tiny_reader):
    alone = tiny_reader.read([TEXT]).mentions
    among = tiny_reader.read(["Tessel", TEXT, TEXT * 20]).mentions
    assert among.filter(among["text"] == 1).drop("text").equals(alone.drop("text"))


def test_a_long_text_is_read_to_its_end(tiny_reader):
    text = "the plan is good. " * 500 + "Tessel"
    assert tiny_reader.read([text]).mentions.select("start", "end").rows() == [(len(text) - 6, len(text))]


@settings(deadline=None)
@given(st.lists(st.text(st.characters(codec=None), max_size=200), max_size=4))
def test_any_text_is_read_and_every_offset_lies_in_it(tiny_reader, texts):
    reading = tiny_reader.read(texts)
    for text, start, end in reading.mentions.select("text", "start", "end").iter_rows():
        assert 0 <= start < end <= len(texts[text])


def test_polarity_is_asked_for_any_target(tiny_reader):
    answer = tiny_reader.polarity([TEXT, "Tessel"], [[(5, 8), (43, 49)], []])
    assert answer[0].argmax(axis=1).tolist() == [0, 2]
    assert answer[1].shape == (0, 3)


def test_a_target_outside_its_text_is_refused(tiny_reader):
    with pytest.raises(ValueError, match="2:9 does not lie in its text of 6"):
        tiny_reader.polarity(["Tessel"], [[(2, 9)]])


def test_stance_is_one_row_a_pair_and_sums_to_one(tiny_reader):
    answer = tiny_reader.stance(["bad bad bad", "good good", "she " * 400], ["the plan is in"] * 3)
    assert answer.argmax(axis=1).tolist()[:2] == [0, 2]
    np.testing.assert_allclose(answer.sum(axis=1), 1, atol=1e-5)


FILES = ("reader.onnx", "judge.onnx", "tokenizer.json")


@pytest.mark.parametrize("name", FILES)
def test_weights_that_the_card_does_not_describe_are_refused(tmp_path, name):
    for file in FILES:
        (tmp_path / file).write_bytes(b"something")
    digests = {file: sha256(b"something").hexdigest() for file in FILES} | {name: "0" * 64}
    (tmp_path / "card.json").write_text(json.dumps({"sha256": digests}))
    with pytest.raises(ReaderError, match=f"{name} is not the file that its card describes"):
        load_reader(tmp_path)


def test_a_reader_without_a_judge_is_one_of_an_earlier_version(tmp_path):
    (tmp_path / "card.json").write_text(json.dumps({"sha256": dict.fromkeys(FILES[::2], "0" * 64)}))
    with pytest.raises(ReaderError, match=r"a reader of an earlier version: its card has no judge\.onnx"):
        load_reader(tmp_path)


def test_an_encoder_without_values_for_the_judge_is_one_of_an_earlier_version(tmp_path, monkeypatch):
    for file in FILES:
        (tmp_path / file).write_bytes(b"something")
    (tmp_path / "card.json").write_text(json.dumps({"sha256": dict.fromkeys(FILES, sha256(b"something").hexdigest())}))
    outputs = [SimpleNamespace(name=name) for name in ("scores", "links", "hidden")]
    monkeypatch.setattr("pipeline.reader.open_session", lambda _: SimpleNamespace(get_outputs=lambda: outputs))
    with pytest.raises(ReaderError, match="its encoder gives the judge no values"):
        load_reader(tmp_path)


def test_a_folder_without_a_card_says_what_to_do(tmp_path):
    with pytest.raises(ReaderError, match="STANDPOINT_READER"):
        load_reader(tmp_path)


ODD_TEXTS = {
    "one character": "M",
    "a million characters": TEXT * (1_000_000 // len(TEXT)),
    "ten thousand quotations": 'Mara said "the plan is bad". ' * 10_000,
    "quotation marks alone": '"' * 10_000 + "“" * 500 + "”" * 500,
    "emoji and joiners": "👩‍👩‍👧 Mara Ode said 🇺🇳 is good 👍🏽 in Tessel",
    "right to left": "قالت Mara Ode إن الخطة \u202eis bad\u202c في Tessel",
    "control characters": "Mara\x00 Ode\x07 said\u200b the\ufeff plan\x1b[31m is bad in\u2028Tessel",
    "unpaired surrogates": "Mara \ud83d Ode \udfff said the plan is bad in Tessel",
    "combining marks": "M\u0301ara Ode said the pla\u0308n is bad in Tessel",
    "one endless word": "a" * 100_000,
}


@pytest.mark.parametrize("text", ODD_TEXTS.values(), ids=ODD_TEXTS.keys())
def test_any_text_is_read_to_its_end_with_offsets_of_its_own(tiny_reader, text):
    reading = tiny_reader.read([text])
    for start, end in reading.mentions.select("start", "end").iter_rows():
        assert re.sub("[^a-z]", "", text[start:end].casefold()) in ("maraode", "mara", "ode", "tessel", "m")
    if "Tessel" in text:
        assert reading.mentions["end"].max() == text.rindex("Tessel") + len("Tessel")
    for spans in ("content", "targets"):
        found = reading.statements.select(pl.col(spans).explode(empty_as_null=False)).unnest(spans)
        assert all(0 <= start < end <= len(text) for start, end in found.select("start", "end").iter_rows())
    assert all(
        0 <= a < b <= len(text)
        for pair in (SPANS[:2], SPANS[2:])
        for a, b in reading.references.select(pair).iter_rows()
    )
    assert tiny_reader.polarity([text], [[(0, 1)]])[0].shape == (1, 3)
    assert np.isfinite(tiny_reader.stance([text], [text[:50]])).all()


def test_a_statement_that_windows_cut_is_one_statement_and_judged_as_one(tiny_reader):
    others = [tiny_reader.tokenizer.token_to_id(w) for w in ("mara", "ode", "said", "[CLS]", "[SEP]")]
    seen, judge = noting(tiny_reader)

    def score(ids, segments, case):
        out, links, values = tiny_reader._score(ids, segments, case)
        out[~np.isin(ids, others), 17] = 9.0
        return out, links, values

    text = "Mara Ode said " + "the plan is bad " * 20
    (row,) = like(tiny_reader, score=score, judge=judge).read([text]).statements.rows(named=True)
    assert row["content"] == [{"start": 14, "end": len(text) - 1}]
    ((values, given),) = seen
    assert (len(values), len(given), (given == CONTENT).sum()) == (83, 83, 80)


def test_many_threads_answer_as_one(tiny_reader):
    texts = [TEXT * n for n in range(6)]
    many = like(tiny_reader, threads=3)
    one, other = tiny_reader.read(texts), many.read(texts)
    assert one.statements.height == 15
    for frame in ("mentions", "statements", "references"):
        assert getattr(other, frame).equals(getattr(one, frame))
    pairs = ["bad", "good", "she"], ["the plan"] * 3
    assert np.array_equal(many.stance(*pairs), tiny_reader.stance(*pairs))


def test_numpy_has_no_threads_of_its_own_while_texts_are_read(tiny_reader):
    seen = []

    def score(*window):
        seen.extend(pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas")
        return tiny_reader._score(*window)

    with threadpool_limits(limits=2, user_api="blas"):
        like(tiny_reader, score=score).read([TEXT])
    assert set(seen) == {1}

"""The doors of the reader: read, polarity, stance and loading."""

import json
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_info, threadpool_limits

from pipeline.reader import Reader, ReaderError, load_reader

TEXT = 'Mara Ode said "the plan is bad in Tessel". Tessel is good.'


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


def test_he_and_she_in_what_is_said_have_the_speakers_polarity(tiny_reader):
    text = 'Mara Ode said "she is bad in Tessel". She is good.'
    (pronoun,) = tiny_reader.read([text]).statements.row(0, named=True)["pronouns"]
    assert text[pronoun["start"] : pronoun["end"]] == "she"
    answer = [pronoun[side] for side in ("negative", "neutral", "positive")]
    asked = tiny_reader.polarity([text], [[(pronoun["start"], pronoun["end"])]], voice="quoted")
    assert answer == pytest.approx(asked[0][0].tolist())


def test_the_texts_are_counted_from_0_and_empty_ones_keep_their_number(tiny_reader):
    assert tiny_reader.read(["", TEXT, " "]).mentions["text"].unique().to_list() == [1]


def test_no_text_gives_empty_frames(tiny_reader):
    reading = tiny_reader.read([])
    assert reading.mentions.is_empty() and reading.statements.is_empty()


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


def test_weights_that_the_card_does_not_describe_are_refused(tmp_path):
    (tmp_path / "reader.onnx").write_bytes(b"something else")
    (tmp_path / "card.json").write_text(json.dumps({"sha256": {"reader.onnx": "0" * 64}}))
    with pytest.raises(ReaderError, match="not the file that its card describes"):
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
    spans = reading.statements.explode("content").unnest("content").select("start", "end")
    assert all(0 <= start < end <= len(text) for start, end in spans.iter_rows())
    assert tiny_reader.polarity([text], [[(0, 1)]])[0].shape == (1, 3)
    assert np.isfinite(tiny_reader.stance([text], [text[:50]])).all()


def test_a_statement_that_windows_cut_is_one_statement(tiny_reader):
    others = [tiny_reader.tokenizer.token_to_id(w) for w in ("mara", "ode", "said", "[CLS]", "[SEP]")]

    def score(ids, segments, case):
        out, links = tiny_reader._score(ids, segments, case)
        out[~np.isin(ids, others), 17] = 9.0
        return out, links

    text = "Mara Ode said " + "the plan is bad " * 20
    (row,) = Reader(score, tiny_reader.tokenizer, tiny_reader.card).read([text]).statements.rows(named=True)
    assert row["content"] == [{"start": 14, "end": len(text) - 1}]


def test_many_threads_answer_as_one(tiny_reader):
    texts = [TEXT * n for n in range(6)]
    many = Reader(tiny_reader._score, tiny_reader.tokenizer, tiny_reader.card, threads=3)
    assert many.read(texts).mentions.equals(tiny_reader.read(texts).mentions)
    assert many.read(texts).statements.equals(tiny_reader.read(texts).statements)
    pairs = ["bad", "good", "she"], ["the plan"] * 3
    assert np.array_equal(many.stance(*pairs), tiny_reader.stance(*pairs))


def test_numpy_has_no_threads_of_its_own_while_texts_are_read(tiny_reader):
    seen = []

    def score(*window):
        seen.extend(pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas")
        return tiny_reader._score(*window)

    with threadpool_limits(limits=2, user_api="blas"):
        Reader(score, tiny_reader.tokenizer, tiny_reader.card).read([TEXT])
    assert set(seen) == {1}

"""The doors of the reader: read, polarity, stance and loading."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.reader import ReaderError, load_reader

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

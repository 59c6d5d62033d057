"""Word pieces keep the offsets of the text as given, and windows answer every piece once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.reader.tokens import CASES, case_of, tokenize, windows


@pytest.mark.parametrize(
    ("word", "case"),
    [
        ("harbour", "lower"),
        ("Velden", "capitalised"),
        ("UN", "upper"),
        ("A", "initial"),
        ("McRae", "mixed"),
        ("30", "digit"),
        ("”", "other"),
    ],
)
def test_the_case_of_a_word_is_how_it_is_written(word, case):
    assert CASES[case_of(word)] == case


@given(st.text(st.characters(codec=None), max_size=300))
def test_pieces_stand_in_the_text_in_order_whatever_the_text_is(tiny_tokenizer, text):
    tokens = tokenize(tiny_tokenizer, [text])[0]
    last = 0
    for start, end in tokens.offsets.tolist():
        assert last <= start <= end <= len(text)
        last = start
    assert len(tokens.ids) == len(tokens.case) == len(tokens.words) == len(tokens.offsets)


def test_every_piece_of_a_word_has_the_case_of_the_word(tiny_tokenizer):
    tokens = tokenize(tiny_tokenizer, ["Velden"])[0]
    assert len(tokens) > 1
    assert set(tokens.case.tolist()) == {CASES.index("capitalised")}


@given(st.text(st.characters(codec="utf-8"), max_size=300))
def test_the_text_at_a_piece_is_what_the_reader_saw(tiny_tokenizer, text):
    # The whole text's letters, as the tokenizer normalises them, lie in the pieces' offsets and nowhere else.
    tokens = tokenize(tiny_tokenizer, [text])[0]
    for piece, (start, end) in zip(tokens.ids.tolist(), tokens.offsets.tolist(), strict=True):
        seen = tiny_tokenizer.id_to_token(piece).removeprefix("##")
        assert seen == "[UNK]" or tiny_tokenizer.normalizer.normalize_str(text[start:end]).strip() == seen


@given(st.integers(0, 3000), st.integers(8, 300), st.integers(0, 7))
def test_windows_answer_every_piece_once_and_see_it(length, size, overlap):
    answered = []
    for start, end, keep_from, keep_to in windows(length, size, overlap):
        assert start <= keep_from <= keep_to <= end <= start + size
        answered += range(keep_from, keep_to)
    assert answered == list(range(length))

"""An encoder with its word table in another order reads what it read before."""

import pytest

torch = pytest.importorskip("torch", reason="training is an extra: pip install -e '.[train]'")
transformers = pytest.importorskip("transformers", reason="training is an extra: pip install -e '.[train]'")

from tokenizers import Tokenizer, models  # noqa: E402

from pipeline.training.vocabulary import reorder  # noqa: E402

OURS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "ode", "##s", "plan"]
THEIRS = ["<s>", "<pad>", "</s>", "[UNK]", "plan", "ode", "##s", "more"]


def folder(path, vocabulary):
    path.mkdir()
    numbers = {piece: number for number, piece in enumerate(vocabulary)}
    Tokenizer(models.WordPiece(numbers, unk_token="[UNK]")).save(str(path / "tokenizer.json"))
    return path


def encoder(path):
    config = transformers.MPNetConfig(
        vocab_size=len(THEIRS), hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8
    )
    transformers.MPNetModel(config, add_pooling_layer=False).save_pretrained(folder(path, THEIRS))
    return path


def table(path):
    model = transformers.AutoModel.from_pretrained(path, add_pooling_layer=False)
    return model.get_input_embeddings().weight.data


def test_every_piece_keeps_its_vector_under_its_new_number(tmp_path):
    source, other = encoder(tmp_path / "source"), folder(tmp_path / "other", OURS)
    reorder(source, other, tmp_path / "out")
    marks = {"[PAD]": "<pad>", "[CLS]": "<s>", "[SEP]": "</s>"}
    before, after = table(source), table(tmp_path / "out")
    assert len(after) == len(OURS)
    for number, piece in enumerate(OURS):
        assert torch.equal(after[number], before[THEIRS.index(marks.get(piece, piece))])


def test_an_encoder_that_cuts_words_otherwise_is_refused(tmp_path):
    source, other = encoder(tmp_path / "source"), folder(tmp_path / "other", [*OURS, "##en"])
    with pytest.raises(ValueError, match="##en"):
        reorder(source, other, tmp_path / "out")

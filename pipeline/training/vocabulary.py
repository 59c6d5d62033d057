"""Put the word table of an encoder in the order of another one's vocabulary, so that both read the same pieces.

    python -m pipeline.training.vocabulary --encoder ENCODER --out FOLDER [--as OTHER]

For encoders that cut words alike but number the pieces otherwise, as MPNet and BERT: a larger one can then teach the
default one (`train --teacher`). OTHER is the default encoder unless given; its `tokenizer.json` comes along.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import AutoModel

from pipeline.training.train import default_encoder

# What vocabularies of the other kind call the marks of begin, end, filling and a hidden word.
MARKS = {"[CLS]": "<s>", "[SEP]": "</s>", "[PAD]": "<pad>", "[MASK]": "<mask>"}


def reorder(encoder: Path, other: Path, out: Path) -> None:
    """Write the encoder to `out` with its word table in the order of the vocabulary of `other`.

    Raises:
        ValueError: the encoder lacks pieces of that vocabulary.
    """
    model = AutoModel.from_pretrained(encoder, add_pooling_layer=False)
    theirs = Tokenizer.from_file(str(encoder / "tokenizer.json")).get_vocab()
    ours = Tokenizer.from_file(str(other / "tokenizer.json")).get_vocab()
    names = {piece: piece if piece in theirs else MARKS.get(piece, piece) for piece in ours}
    if lacking := [piece for piece, name in names.items() if name not in theirs]:
        raise ValueError(f"{encoder} does not know {len(lacking)} pieces of {other}, such as {lacking[0]!r}")
    old = model.get_input_embeddings().weight.data
    table = torch.zeros(max(ours.values()) + 1, old.shape[1])
    for piece, name in names.items():
        table[ours[piece]] = old[theirs[name]]
    model.resize_token_embeddings(len(table), mean_resizing=False)
    model.get_input_embeddings().weight.data.copy_(table)
    model.save_pretrained(out)
    shutil.copy(other / "tokenizer.json", out / "tokenizer.json")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", type=Path, required=True, help="folder of a Hugging Face encoder")
    parser.add_argument("--as", dest="other", type=Path, help="encoder whose vocabulary it gets (default: the default)")
    parser.add_argument("--out", type=Path, required=True, help="folder for the encoder that reads the same pieces")
    arguments = parser.parse_args()
    reorder(arguments.encoder, arguments.other or default_encoder(), arguments.out)


if __name__ == "__main__":
    main()

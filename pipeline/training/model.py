"""The reader as a torch module: one encoder, one set of scores per word piece for every reading."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn
from transformers import AutoModel

from pipeline.reader.tokens import CASES

# Scores per piece, in this order; `heads` on the card says the same to the run time.
HEADS = {"entity": 9, "cue": 3, "source": 3, "content": 3, "polarity": 3, "stance": 3}
# Width of each of the four link vectors of a piece: content asks for its cue, a cue asks for its source.
LINK = 48


class ReaderModel(nn.Module):
    """(ids, mask, segments, case), each (batch, length) -> scores (batch, length, 24), links (batch, length, 4 * LINK).

    The polarity toward a target is the mean of the polarity scores of its pieces; the stance of a pair is the mean of
    the stance scores of all its pieces.
    """

    def __init__(self, encoder: Path) -> None:
        super().__init__()
        self.encoder = AutoModel.from_pretrained(encoder, add_pooling_layer=False, attn_implementation="eager")
        width = self.encoder.config.hidden_size
        self.case = nn.Embedding(len(CASES), width)
        self.has_segments = bool(getattr(self.encoder.config, "type_vocab_size", 0))
        self.segment = nn.Embedding(0 if self.has_segments else 2, width)
        for added in (self.case, self.segment):
            nn.init.zeros_(added.weight)  # the encoder begins as it was trained
        self.drop = nn.Dropout(0.1)
        self.tags = nn.Linear(width, sum(HEADS[h] for h in ("entity", "cue", "source", "content")))
        self.polarity = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Dropout(0.1), nn.Linear(width, 3))
        self.stance = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Dropout(0.1), nn.Linear(width, 3))
        self.links = nn.Linear(width, 4 * LINK)

    def forward(self, ids: Tensor, mask: Tensor, segments: Tensor, case: Tensor) -> tuple[Tensor, Tensor]:
        words = self.encoder.get_input_embeddings()(ids) + self.case(case)
        if self.has_segments:
            hidden = self.encoder(inputs_embeds=words, attention_mask=mask, token_type_ids=segments)
        else:
            hidden = self.encoder(inputs_embeds=words + self.segment(segments), attention_mask=mask)
        return self.answers(self.drop(hidden.last_hidden_state))

    def answers(self, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """Scores and links of the encoder's last layer."""
        scores = torch.cat([self.tags(hidden), self.polarity(hidden), self.stance(hidden)], dim=-1)
        return scores, cast(Tensor, self.links(hidden))


def load_model(folders: Sequence[Path], encoder: Path) -> ReaderModel:
    """The mean of the weights in the folders ("model soup", Wortsman et al., ICML 2022), ready to read: of the averaged
    ones of a training run, or of those of an exported reader. They are all of the same encoder."""
    model = ReaderModel(encoder)
    states = [_trained(folder, model) for folder in folders]
    model.load_state_dict({key: torch.stack([s[key].float() for s in states]).mean(0) for key in states[0]})
    return model.eval()


def _trained(folder: Path, model: ReaderModel) -> dict[str, Tensor]:
    run = folder / "checkpoint.pt"
    if run.exists():
        return cast(dict[str, Tensor], torch.load(run, weights_only=True)["average"])
    return _dequantised(folder / "reader.onnx", model)


def _dequantised(path: Path, model: ReaderModel) -> dict[str, Tensor]:
    """The weights of an exported reader as the module names them. The word table is the encoder's own, which training
    leaves as it is; matrices have no names in the file, but stand in the order in which the module uses them."""
    found = {i.name: numpy_helper.to_array(i) for i in onnx.load(str(path)).graph.initializer}
    values: dict[str, Tensor] = {}
    for name, value in found.items():
        stem = name.removesuffix("_quantized")
        if stem != name:
            scaled = (value.astype("float32") - found[f"{stem}_zero_point"]) * found[f"{stem}_scale"]
            values[stem] = torch.from_numpy(scaled)
        elif not name.endswith(("_scale", "_zero_point")):
            values[name] = torch.from_numpy(value.copy())
    in_order = sorted((k for k in values if "::" in k), key=lambda k: int(k.rpartition("_")[2]))
    matrices = [values.pop(k).T for k in in_order if "::MatMul" in k]
    biases = [values.pop(k) for k in in_order if "::Add" in k]
    state: dict[str, Tensor] = dict(model.state_dict())
    state |= {k.removeprefix("model."): v for k, v in values.items() if "word_embeddings" not in k}
    for i, bias in enumerate(biases):
        at = f"encoder.encoder.layer.{i}"
        together, *others = matrices[4 * i : 4 * i + 4]
        for key, weight, part in zip(("query", "key", "value"), together.chunk(3), bias.chunk(3), strict=True):
            state[f"{at}.attention.self.{key}.weight"], state[f"{at}.attention.self.{key}.bias"] = weight, part
        for key, weight in zip(("attention.output", "intermediate", "output"), others, strict=True):
            state[f"{at}.{key}.dense.weight"] = weight
    heads = ("tags", "polarity.0", "polarity.3", "stance.0", "stance.3", "links")
    for key, weight in zip(heads, matrices[4 * len(biases) :], strict=True):
        state[f"{key}.weight"] = weight
    return state

"""The reader as a torch module: one encoder, one set of scores per word piece for every reading."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn.functional import gelu
from transformers import AutoModel

from pipeline.reader import COMMITMENTS
from pipeline.reader.roles import ROLES
from pipeline.reader.tokens import CASES

# Scores per piece, in this order; `heads` on the card says the same to the run time.
TAGS = {"entity": 9, "cue": 3, "source": 3, "content": 3, "reference": 3}
HEADS = TAGS | {"polarity": 3, "stance": 3}
# Width of each of the six link vectors of a piece: content asks for its cue, a cue for its source, a description or
# pronoun for a name of its entity.
LINK = 48
LINK_KINDS = ("cue", "source", "name")
# Width of a piece where a statement is judged, layers, heads of attention: a tenth of the encoder's work.
JUDGE, JUDGE_LAYERS, JUDGE_HEADS = 128, 2, 4


class Judge(nn.Module):
    """Reads the passage of one statement again, on what the encoder has computed of it, with the role of each piece.

    (values (batch, length, JUDGE), roles (batch, length), mask (batch, length)) -> sides (batch, length, 4): against,
    neutral, favour toward what stands there, and how much that piece counts; commitment (batch, 5). `into` makes the
    values of the encoder's last layer and its scores; a text has them once, however many statements it holds.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.into = nn.Linear(width, JUDGE)
        self.role = nn.Embedding(ROLES, JUDGE)
        self.drop = nn.Dropout(0.2)
        self.layers = nn.ModuleList(_Layer() for _ in range(JUDGE_LAYERS))
        self.norm = nn.LayerNorm(JUDGE)
        self.sides = nn.Linear(JUDGE, 4)
        self.counts = nn.Linear(JUDGE, 1)
        self.commitment = nn.Linear(JUDGE, len(COMMITMENTS))

    def forward(self, values: Tensor, roles: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        seen = self.drop(values + self.role(roles))
        for layer in self.layers:
            seen = layer(seen, mask)
        seen = self.drop(self.norm(seen))
        weight = self.counts(seen).squeeze(-1)
        if mask is not None:
            weight = weight.masked_fill(~mask, -1e4)
        pooled = (weight.softmax(-1).unsqueeze(-1) * seen).sum(1)
        return self.sides(seen), self.commitment(pooled)


class _Layer(nn.Module):
    """One layer of a transformer, normalised first."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.LayerNorm(JUDGE), nn.LayerNorm(JUDGE)
        self.together = nn.Linear(JUDGE, 3 * JUDGE)
        self.out = nn.Linear(JUDGE, JUDGE)
        self.wide, self.narrow = nn.Linear(JUDGE, 2 * JUDGE), nn.Linear(2 * JUDGE, JUDGE)
        self.drop = nn.Dropout(0.2)

    def forward(self, values: Tensor, mask: Tensor | None) -> Tensor:
        parts = self.together(self.first(values)).chunk(3, -1)
        query, key, value = (p.unflatten(-1, (JUDGE_HEADS, -1)).transpose(1, 2) for p in parts)
        weight = query @ key.transpose(-1, -2) / (JUDGE // JUDGE_HEADS) ** 0.5
        if mask is not None:
            weight = weight.masked_fill(~mask[:, None, None], -1e4)
        values = values + self.drop(self.out((weight.softmax(-1) @ value).transpose(1, 2).flatten(2)))
        return values + self.drop(self.narrow(gelu(self.wide(self.second(values)))))


class ReaderModel(nn.Module):
    """(ids, mask, segments, case), each (batch, length) -> scores (batch, length, 27), links (batch, length, 6 * LINK),
    values (batch, length, JUDGE).

    The polarity toward a target is the mean of the polarity scores of its pieces; the stance of a pair is the mean of
    the stance scores of all its pieces; statements are judged by `judge` on the values.
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
        self.tags = nn.Linear(width, sum(TAGS.values()))
        self.polarity = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Dropout(0.1), nn.Linear(width, 3))
        self.stance = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Dropout(0.1), nn.Linear(width, 3))
        self.links = nn.Linear(width, 2 * len(LINK_KINDS) * LINK)
        self.judge = Judge(width + sum(HEADS.values()))

    def forward(self, ids: Tensor, mask: Tensor, segments: Tensor, case: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        words = self.encoder.get_input_embeddings()(ids) + self.case(case)
        if self.has_segments:
            hidden = self.encoder(inputs_embeds=words, attention_mask=mask, token_type_ids=segments)
        else:
            hidden = self.encoder(inputs_embeds=words + self.segment(segments), attention_mask=mask)
        return self.answers(self.drop(hidden.last_hidden_state))

    def answers(self, hidden: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Scores, links and the judge's values, of the encoder's last layer."""
        scores = torch.cat([self.tags(hidden), self.polarity(hidden), self.stance(hidden)], dim=-1)
        values = self.judge.into(torch.cat([hidden, scores], dim=-1))
        return scores, cast(Tensor, self.links(hidden)), cast(Tensor, values)


def load_model(folders: Sequence[Path], encoder: Path) -> ReaderModel:
    """The mean of the weights in the folders ("model soup", Wortsman et al., ICML 2022), ready to read: of the averaged
    ones of a training run, or of those of an exported reader. They are all of the same encoder."""
    model = ReaderModel(encoder)
    states = [_trained(folder, model) for folder in folders]
    model.load_state_dict(mean_of(states))
    return model.eval()


def mean_of(states: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
    """The mean of weights of the same names and shapes, in fp32."""
    return {key: torch.stack([s[key].float() for s in states]).mean(0) for key in states[0]}


def _trained(folder: Path, model: ReaderModel) -> dict[str, Tensor]:
    run = folder / "checkpoint.pt"
    if run.exists():
        return _grown(cast(dict[str, Tensor], torch.load(run, weights_only=True)["average"]), model)
    return _grown(_dequantised(folder / "reader.onnx", model) | _judge(folder / "judge.onnx", model), model)


def _judge(path: Path, model: ReaderModel) -> dict[str, Tensor]:
    """The weights of an exported judge as the module names them; none where the reader is of before it."""
    if not path.exists():
        return {}
    graph = onnx.load(str(path)).graph
    found = {i.name: torch.from_numpy(numpy_helper.to_array(i).copy()) for i in graph.initializer}
    # The exporter writes equal weights once.
    found |= {n.output[0]: found[n.input[0]] for n in graph.node if n.op_type == "Identity" and n.input[0] in found}
    in_order = sorted((k for k in found if "::" in k), key=lambda k: int(k.rpartition("_")[2]))
    matrices = [found.pop(k).T for k in in_order]
    layers = [f"layers.{i}.{part}" for i in range(JUDGE_LAYERS) for part in ("together", "out", "wide", "narrow")]
    for key, weight in zip((*layers, "counts", "sides"), matrices, strict=True):
        found[f"{key}.weight"] = weight
    return {f"judge.{key}": found[key] for key in model.judge.state_dict() if not key.startswith("into.")}


def _grown(state: dict[str, Tensor], model: ReaderModel) -> dict[str, Tensor]:
    """The weights of a reader of before some of the heads or roles, with the module's own for these."""
    for name, fresh in model.state_dict().items():
        if state[name].shape != fresh.shape:
            fresh = fresh.clone()
            fresh[: len(state[name])] = state[name]
            state[name] = fresh
    return state


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
    heads: tuple[str, ...] = ("tags", "polarity.0", "polarity.3", "stance.0", "stance.3", "judge.into", "links")
    given = matrices[4 * len(biases) :]
    if len(given) < len(heads):  # a reader of before the judge
        heads = tuple(key for key in heads if key != "judge.into")
    for key, weight in zip(heads, given, strict=True):
        state[f"{key}.weight"] = weight
    return state

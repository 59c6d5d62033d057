"""Make the reader that ships from a training run: average weights -> ONNX -> int8, each step measured, with its card.

python -m pipeline.training.export --data DATA --run RUN [RUN ...] [--encoder ENCODER] --out pipeline/reader/weights
    [--gold ANNOTATED ...] [--before READER]

Of several runs, or exported readers, it is the mean of their weights that ships. ANNOTATED are development articles on
which the whole pipeline is measured; READER is one whose scales for the voices, and whose correction for sentiment, are
kept: they were fitted on judged mentions of the press, and the runs kept its polarity.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn.functional import gelu, linear, scaled_dot_product_attention

from pipeline.reader import AS_READ, COMMITMENTS, VOICES, Reader, encoder_of, judge_of, open_session
from pipeline.reader.decode import FloatArray, softmax
from pipeline.training.data import Judged, read_gwsd, read_newsmtsc, read_perspectrum_dev, read_press
from pipeline.training.evaluate import correction, evaluate, judged_attribution, judged_entities, read_judged
from pipeline.training.model import HEADS, JUDGE, LINK, ReaderModel, load_model
from pipeline.training.published import measure
from pipeline.training.train import add_paths, default_encoder, load_tokenizer

INPUTS, OUTPUTS = ("ids", "segments", "case"), ("scores", "links", "values")
JUDGE_INPUTS, JUDGE_OUTPUTS = ("values", "roles"), ("sides", "commitment")

# What the card says about the sets; figures are added by measuring.
TRAINED_ON = [
    {"name": "CoNLL-2003 (Reuters 1996)", "use": "entities", "licence": "research use"},
    {"name": "CrossNER, politics", "use": "entities", "licence": "MIT"},
    {"name": "PolNeAR", "use": "attribution", "licence": "none stated; research use"},
    {"name": "NewsMTSC", "use": "polarity", "licence": "MIT"},
    {"name": "Perspectrum", "use": "stance", "licence": "Creative Commons"},
    {
        "name": "annotated articles: Wikinews (texts CC BY 2.5) and outlets' press (texts not kept), our labels",
        "use": "statements, speakers, sides, commitment, references, stance",
        "licence": "labels CC BY 4.0",
    },
    {"name": "VAST", "use": "stance", "licence": "not verified"},
    {"name": "IBM-ArgQ-Rank-30kArgs", "use": "stance", "licence": "CC BY-SA 3.0"},
    {"name": "GWSD", "use": "stance", "licence": "none stated"},
    {
        "name": "answers of a teacher, where there was one (all-mpnet-base-v2 trained on these sets)",
        "use": "polarity, stance",
        "licence": "Apache-2.0",
    },
    {
        "name": "press mentions judged by us, where DATA holds them",
        "use": "polarity",
        "licence": "ours; texts not kept",
    },
]
# What it gets wrong, as somebody who relies on it should know; the sentences are ours.
KNOWN_FAILURES = [
    {
        "reading": "polarity",
        "example": "“What a triumph,” sighed Ode as the third lift in a row went past.",
        "failure": "irony is read as praise",
    },
    {
        "reading": "stance",
        "example": "Orlo, whose party wrote the toll bill, crossed the bridge on foot. (toll)",
        "failure": "a passing mention of an issue is read as a side taken on it",
    },
    {
        "reading": "attribution",
        "example": "The board is understood to be divided. (no speaker)",
        "failure": "a statement that hangs on no verb of saying is missed, or hung on a cue near by",
    },
    {
        "reading": "entities",
        "example": "MARA ODE TO FACE BRIDGE INQUIRY",
        "failure": "in capitals, words beside a name are taken into it",
    },
]

# Texts measured side by side.
THREADS = 2

# How much of the likeliest scale for a voice is applied: all of it labels nearly nothing but neutral. On the judged
# mentions, fitted on one half and measured on the other, 0, 0.4, 0.6, 0.8 and 1 gave, in macro-F1, own 44.6, 48.3,
# 50.1, 47.8 and 39.4, quoted 65.2, 63.6, 64.1, 62.7 and 58.9, in accuracy quoted 71.8, 72.9, 73.7, 73.5 and 72.4.
VOICE_SHARE = 0.6

# Slope and biases of the stance of statements near an issue's name: most are trained as none, and the head says so a
# little too often. Chosen on the annotated development articles.
ISSUES = [2.0, 0.25, 0.0, 0.25]

# Pieces that the encoder reads at once, as in training, and how many of them neighbours share: a sentence or two, so
# that every piece is answered with some text on both sides.
WINDOW, OVERLAP = 382, 48
# Probability from which a word counts as inside, and from which a statement is one; chosen on the annotated development
# articles.
THRESHOLDS = {"cue": 0.2, "source": 0.15, "content": 0.35, "reference": 0.5, "statement": 0.05}


class Attention(torch.autograd.Function):
    """Attention without a mask, written to ONNX as onnxruntime's own operator, which keeps no map of all pairs."""

    @staticmethod
    def forward(_: Any, query: Tensor, key: Tensor, value: Tensor, heads: int) -> Tensor:
        by_head = [t.unflatten(-1, (heads, -1)).transpose(1, 2) for t in (query, key, value)]
        return scaled_dot_product_attention(*by_head).transpose(1, 2).flatten(2)

    @staticmethod
    def symbolic(graph: Any, query: Any, key: Any, value: Any, heads: int) -> Any:
        return graph.op("com.microsoft::MultiHeadAttention", query, key, value, num_heads_i=heads).setType(query.type())


class ReadingGraph(nn.Module):
    """A BERT-like reader as onnxruntime runs it fastest on a CPU: one window, no mask, (1, length) each input; query,
    key and value of a layer are one product, and normalisation is written out (the fused one sums number by number)."""

    def __init__(self, model: ReaderModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, ids: Tensor, segments: Tensor, case: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        encoder = self.model.encoder
        table = encoder.embeddings
        hidden = table.word_embeddings(ids) + self.model.case(case) + table.token_type_embeddings(segments)
        hidden = _normalised(hidden + table.position_embeddings.weight[: ids.shape[1]], table.LayerNorm)
        for layer in encoder.encoder.layer:
            attention = layer.attention
            parts = (attention.self.query, attention.self.key, attention.self.value)
            together = linear(hidden, torch.cat([p.weight for p in parts]), torch.cat([p.bias for p in parts]))
            seen = Attention.apply(*together.chunk(3, -1), encoder.config.num_attention_heads)
            hidden = _normalised(hidden + attention.output.dense(seen), attention.output.LayerNorm)
            wide = gelu(_by_row(layer.intermediate.dense, hidden, hidden.abs().amax(-1, keepdim=True)))
            largest = wide.amax(-1, keepdim=True).clamp(min=0.17)  # a GELU gives nothing below -0.17
            hidden = _normalised(hidden + _by_row(layer.output.dense, wide, largest), layer.output.LayerNorm)
        return self.model.answers(hidden)


def _by_row(layer: nn.Linear, values: Tensor, largest: Tensor) -> Tensor:
    """The layer on rows divided by the largest size of each: int8 has one scale for all of a window, and a few pieces
    whose values are ten times the others' would leave those a tenth of the steps."""
    return linear(values * largest.reciprocal(), layer.weight) * largest + layer.bias


def _normalised(hidden: Tensor, norm: nn.LayerNorm) -> Tensor:
    centred = hidden - hidden.mean(-1, keepdim=True)
    return centred * torch.rsqrt((centred * centred).mean(-1, keepdim=True) + norm.eps) * norm.weight + norm.bias


def to_onnx(model: ReaderModel, path: Path) -> None:
    """The fp32 graph."""
    with torch.inference_mode():
        torch.onnx.export(
            ReadingGraph(model).eval(),  # the exporter leaves it, and what is in it, as it found it
            tuple(torch.ones((1, 16), dtype=torch.int64) for _ in INPUTS),
            str(path),
            input_names=list(INPUTS),
            output_names=list(OUTPUTS),
            dynamic_axes={name: {1: "length"} for name in (*INPUTS, *OUTPUTS)},
            opset_version=17,
            dynamo=False,
            custom_opsets={"com.microsoft": 1},
        )


def judge_to_onnx(model: ReaderModel, path: Path) -> None:
    """The judge's graph, in fp32: it is small."""
    with torch.inference_mode():
        torch.onnx.export(
            model.judge.eval(),
            (torch.zeros((1, 16, JUDGE)), torch.ones((1, 16), dtype=torch.int64)),
            str(path),
            input_names=list(JUDGE_INPUTS),
            output_names=list(JUDGE_OUTPUTS),
            dynamic_axes={"values": {1: "length"}, "roles": {1: "length"}, "sides": {1: "length"}},
            opset_version=17,
            dynamo=False,
        )


def to_int8(source: Path, path: Path) -> None:
    """Weights of matrix products and the word table as int8; activations are scaled as they come."""
    quantize_dynamic(
        str(source),
        str(path),
        weight_type=QuantType.QInt8,
        per_channel=True,
        op_types_to_quantize=["MatMul", "Gather"],
        extra_options={"MatMulConstBOnly": True, "DefaultTensorType": onnx.TensorProto.FLOAT},
    )


def torch_reader(model: ReaderModel, tokenizer: Tokenizer, card: dict[str, Any]) -> Reader:
    """A reader that runs the torch module, to compare with."""

    def score(ids: Any, segments: Any, case: Any) -> Any:
        ids, segments, case = (torch.from_numpy(i)[None] for i in (ids, segments, case))
        with torch.inference_mode():
            return tuple(out[0].numpy() for out in model(ids, torch.ones_like(ids), segments, case))

    def judge(values: Any, roles: Any) -> Any:
        with torch.inference_mode():
            out = model.judge(torch.from_numpy(values.astype(np.float32))[None], torch.from_numpy(roles)[None])
            return tuple(part[0].numpy() for part in out)

    return Reader(score, judge, tokenizer, card, THREADS)


def onnx_reader(encoder: Path, judge: Path, tokenizer: Tokenizer, card: dict[str, Any]) -> Reader:
    """A reader of ONNX files, to compare with."""
    return Reader(encoder_of(open_session(encoder)), judge_of(open_session(judge)), tokenizer, card, THREADS)


def calibrate(reader: Reader, data: Path) -> None:
    """Write to the reader's card what makes its probabilities true on the development sets.

    One temperature a head that answers with a softmax (Guo et al., ICML 2017), and for mentions and statements, whose
    probability is a mean over words, a slope and an intercept of the log odds (Platt 1999).
    """
    sentences = [s for f in ("dev_rw", "dev_mt") for s in read_newsmtsc(reader.tokenizer, data / f"newsmtsc/{f}.jsonl")]
    polarity = np.concatenate(reader.polarity([s.text for s in sentences], [s.chars for s in sentences]))
    pairs = [
        *read_perspectrum_dev(reader.tokenizer, data / "perspectrum"),
        *read_gwsd(reader.tokenizer, data / "gwsd/train.jsonl")[1],
    ]
    stance = reader.stance([p.passage for p in pairs], [p.proposition for p in pairs])
    golds = {
        "polarity": (polarity, np.array([p for s in sentences for p in s.polarity])),
        "stance": (stance, np.array([int(np.argmax(p.stance)) for p in pairs])),
    }
    for head, (probabilities, gold) in golds.items():
        log = np.log(probabilities + 1e-9)

        def cost(temperature: float, log: FloatArray = log, gold: Any = gold) -> float:
            return float(-np.log(softmax(log / temperature)[np.arange(len(gold)), gold] + 1e-9).mean())

        reader.card["temperatures"][head] = min((round(0.7 + 0.05 * i, 2) for i in range(50)), key=cost)
    reader.card["calibration"] = {
        "entity": platt(*judged_entities(reader, data / "conll2003/eng.testa")[:2]),
        "statement": platt(*judged_attribution(reader, data / "polnear/dev")[1:]),
    }

    # Last, because it reads probabilities that the temperature above has part in.
    for voice in VOICES:
        if judged := read_press(data / f"press/{voice}.jsonl"):
            answers = reader.polarity([j.text for j in judged], [[(j.start, j.end)] for j in judged])
            reader.card["voices"][voice] = scaling(np.concatenate(answers), judged)


def scaling(answers: FloatArray, judged: Sequence[Judged]) -> list[float]:
    """[slope, biases of the three classes] of the log probabilities: a share of those under which the judgements are
    likeliest (vector scaling with one slope, Guo et al., ICML 2017), by gradient descent."""
    log, gold = np.log(answers + 1e-6), np.eye(3)[[j.polarity for j in judged]]
    weight = np.array([j.weight for j in judged])[:, None] / sum(j.weight for j in judged)
    slope, bias = 1.0, np.zeros(3)
    for _ in range(4000):
        wrong = (softmax(slope * log + bias) - gold) * weight
        slope -= 0.2 * (float((wrong * log).sum()) + 0.01 * (slope - 1))
        bias = bias - 0.2 * (wrong.sum(axis=0) + 0.01 * bias)
    return [round(float(x), 4) for x in (1 + VOICE_SHARE * (slope - 1), *(VOICE_SHARE * (bias - bias[1])))]


def corrections(reader: Reader, data: Path) -> dict[str, dict[str, Any]]:
    """What turns mean probabilities into shares, for each table of scores: see `correction`.

    Measured on judged mentions of the press, in the outlet's voice for sentiment and in speakers' for stance; where
    there are none, on the development sentences of NewsMTSC.
    """
    sentences = [s for f in ("dev_rw", "dev_mt") for s in read_newsmtsc(reader.tokenizer, data / f"newsmtsc/{f}.jsonl")]
    out = {}
    for name, voice in (("sentiment", "own"), ("entity_stance", "quoted")):
        if (data / f"press/{voice}.jsonl").exists():
            judged, answers = read_judged(reader, data / f"press/{voice}.jsonl", voice)
            gold, weight = np.array([j.polarity for j in judged]), np.array([j.weight for j in judged])
        else:
            answers = np.concatenate(reader.polarity([s.text for s in sentences], [s.chars for s in sentences]))
            gold, weight = np.array([p for s in sentences for p in s.polarity]), None
        out[name] = correction(answers, gold, weight)
    # Perspectrum has no neutral pairs, and its passages are no news: the classes as they are in news sentences.
    pairs = read_gwsd(reader.tokenizer, data / "gwsd/train.jsonl")[1]
    stance = reader.stance([p.passage for p in pairs], [p.proposition for p in pairs])
    return out | {"issue_stance": correction(stance, np.array([int(np.argmax(p.stance)) for p in pairs]))}


def platt(confidence: Any, is_right: Any) -> list[float]:
    """[slope, intercept] of the log odds under which the outcomes are likeliest, by Newton's method."""
    odds = np.log(np.clip(confidence, 1e-6, 1 - 1e-6) / (1 - np.clip(confidence, 1e-6, 1 - 1e-6)))
    design = np.stack([odds, np.ones_like(odds)], axis=1)
    weights = np.array([1.0, 0.0])
    for _ in range(30):
        probability = 1 / (1 + np.exp(-design @ weights))
        spread = design.T @ (design * (probability * (1 - probability))[:, None]) + 1e-3 * np.eye(2)
        weights = weights + np.linalg.solve(spread, design.T @ (is_right - probability))
    return [round(float(w), 4) for w in weights]


def export(
    runs: Sequence[Path],
    encoder: Path,
    data: Path,
    out: Path,
    gold: Sequence[Path] = (),
    before: Path | None = None,
    judge: Path | None = None,
    *,
    compare: bool = False,
) -> dict[str, Any]:
    """Write `reader.onnx`, `judge.onnx`, `tokenizer.json` and `card.json` to `out`, and the fp32 graph to the last run;
    returns the card."""
    out.mkdir(parents=True, exist_ok=True)
    model, tokenizer = load_model(runs, encoder), load_tokenizer(encoder)
    if judge:
        model.judge.load_state_dict(torch.load(judge / "judge.pt", weights_only=True))
    full = runs[-1] / "full.onnx"
    to_onnx(model, full)
    to_int8(full, out / "reader.onnx")
    judge_to_onnx(model, out / "judge.onnx")
    tokenizer.save(str(out / "tokenizer.json"))
    digests = {
        name: hashlib.sha256((out / name).read_bytes()).hexdigest()
        for name in ("reader.onnx", "judge.onnx", "tokenizer.json")
    }
    card: dict[str, Any] = {
        "revision": hashlib.sha256("".join(digests.values()).encode()).hexdigest()[:12],
        "languages": ["en"],
        "sha256": digests,
        "heads": HEADS,
        "link_width": LINK,
        "window": WINDOW,
        "overlap": OVERLAP,
        "thresholds": THRESHOLDS,
        "temperatures": dict.fromkeys(HEADS, 1.0),
        "calibration": {"entity": [1.0, 0.0], "statement": [1.0, 0.0]},
        "voices": {},
        "sides": list(AS_READ),
        "commitment": [0.0] * len(COMMITMENTS),
        "issues": ISSUES,
        "encoder": encoder_card(encoder),
        "trained_on": TRAINED_ON,
        "known_failures": KNOWN_FAILURES,
        "tuned_on_development": ["temperatures", "calibration", "voices", "thresholds", "link constants in decode.py"],
        "training": [plan for run in runs for plan in _plans(run)],
    }
    int8 = onnx_reader(out / "reader.onnx", out / "judge.onnx", tokenizer, card)
    kept = json.loads((before / "card.json").read_text(encoding="utf-8")) if before else {}
    card["voices"] |= kept.get("voices", {})
    calibrate(int8, data)
    readers = {"onnx int8": int8}
    if compare:
        readers |= {
            "torch fp32": torch_reader(model, tokenizer, card),
            "onnx fp32": onnx_reader(full, out / "judge.onnx", tokenizer, card),
        }
    figures = {name: evaluate(reader, data) for name, reader in readers.items()}
    for rows in zip(*figures.values(), strict=True):
        values = "  ".join(f"{name} {row['value']:8.4f}" for name, row in zip(figures, rows, strict=True))
        print(f"{rows[0]['dataset']:12} {rows[0]['split']:24} {rows[0]['metric']:18} {values}", flush=True)
    card["eval_scores"] = figures["onnx int8"]
    card["corrections"] = corrections(int8, data) | {
        name: value for name, value in kept.get("corrections", {}).items() if name == "sentiment"
    }
    write_card(card, out)
    if gold:
        rows, measured = measure(out, gold)
        card["eval_scores"] = rows + card["eval_scores"]
        card["corrections"] |= measured
        write_card(card, out)
        for row in rows:
            print(f"{row['reading']:45} {row['metric']:10} {row['value']:6.1f}  of {row['size']}", flush=True)
    return card


def write_card(card: dict[str, Any], out: Path) -> None:
    """The card beside the weights."""
    (out / "card.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")


def _plans(folder: Path) -> list[dict[str, Any]]:
    """How the weights in a folder were trained: a run's own plan, or those on the card of an exported reader."""
    run = folder / "config.json"
    if run.exists():
        return [json.loads(run.read_text(encoding="utf-8"))]
    return list(json.loads((folder / "card.json").read_text(encoding="utf-8"))["training"])


def encoder_card(encoder: Path) -> dict[str, str]:
    """What the card says of the encoder."""
    if encoder == default_encoder():
        return {"name": "all-MiniLM-L6-v2", "licence": "Apache-2.0"}
    return {"name": encoder.name, "licence": "as its own card says"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_paths(parser)
    parser.add_argument("--run", type=Path, nargs="+", required=True, help="folder of a training run, or of several")
    parser.add_argument("--out", type=Path, required=True, help="folder for the reader: weights, tokenizer, card")
    parser.add_argument("--gold", type=Path, nargs="+", default=[], help="annotated development articles")
    parser.add_argument("--compare", action="store_true", help="measure torch and fp32 beside int8")
    parser.add_argument("--judge", type=Path, help="run of a judge that was trained by itself")
    parser.add_argument("--before", type=Path, help="a reader whose scales for the voices are kept")
    arguments = parser.parse_args()
    encoder = arguments.encoder or default_encoder()
    export(
        arguments.run,
        encoder,
        arguments.data,
        arguments.out,
        arguments.gold,
        arguments.before,
        arguments.judge,
        compare=arguments.compare,
    )


if __name__ == "__main__":
    main()

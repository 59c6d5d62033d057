"""Make the reader that ships from a training run: average weights -> ONNX -> int8, each step measured, with its card.

python -m pipeline.training.export --run RUN --encoder ENCODER --data DATA --out pipeline/reader/weights
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers import optimizer as graph_optimizer
from onnxruntime.transformers.fusion_options import FusionOptions

from pipeline.reader import Reader, Score
from pipeline.reader.decode import FloatArray, softmax
from pipeline.training.data import read_gwsd, read_newsmtsc, read_perspectrum
from pipeline.training.evaluate import evaluate
from pipeline.training.model import HEADS, LINK, ReaderModel
from pipeline.training.train import load_tokenizer

INPUTS = ("ids", "mask", "segments", "case")

# What the card says about the sets; figures are added by measuring.
TRAINED_ON = [
    {"name": "CoNLL-2003 (Reuters 1996)", "use": "entities", "licence": "research use"},
    {"name": "CrossNER, politics", "use": "entities", "licence": "MIT"},
    {"name": "PolNeAR", "use": "attribution", "licence": "none stated; research use"},
    {"name": "NewsMTSC", "use": "polarity", "licence": "MIT"},
    {"name": "Perspectrum", "use": "stance", "licence": "Creative Commons"},
    {"name": "GWSD", "use": "stance", "licence": "none stated"},
]
ENCODER = {"name": "all-MiniLM-L6-v2", "licence": "Apache-2.0"}

# Pieces that the encoder reads at once, as in training, and how many of them neighbours share: a sentence or two, so
# that every piece is answered with some text on both sides.
WINDOW, OVERLAP = 254, 48
# Probability from which a word counts as inside, and from which a statement is one; chosen on the development articles
# of PolNeAR.
THRESHOLDS = {"cue": 0.35, "source": 0.4, "content": 0.5, "statement": 0.15}


def load_model(run: Path, encoder: Path) -> ReaderModel:
    """The run's averaged weights, ready to read."""
    model = ReaderModel(encoder)
    model.load_state_dict(torch.load(run / "checkpoint.pt", weights_only=True)["average"])
    return model.eval()


def to_onnx(model: ReaderModel, path: Path) -> None:
    """The fp32 graph, attention and normalisation fused."""
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "plain.onnx"
        example = tuple(torch.ones((2, 16), dtype=torch.int64) for _ in INPUTS)
        torch.onnx.export(
            model,
            example,
            str(plain),
            input_names=list(INPUTS),
            output_names=["scores", "links"],
            dynamic_axes={name: {0: "batch", 1: "length"} for name in (*INPUTS, "scores", "links")},
            opset_version=17,
            dynamo=False,
        )
        config = model.encoder.config
        options = FusionOptions("bert")
        options.enable_embed_layer_norm = False  # the case feature is added to the words before the encoder
        fused = graph_optimizer.optimize_model(
            str(plain), "bert", num_heads=config.num_attention_heads, hidden_size=config.hidden_size,
            optimization_options=options,
        )  # fmt: skip
        fused.save_model_to_file(str(path))


def to_int8(source: Path, path: Path) -> None:
    """Weights of matrix products and the word table as int8; activations are scaled as they come."""
    quantize_dynamic(
        str(source),
        str(path),
        weight_type=QuantType.QInt8,
        per_channel=True,
        op_types_to_quantize=["MatMul", "Gather", "Attention"],
        extra_options={"MatMulConstBOnly": True, "DefaultTensorType": onnx.TensorProto.FLOAT},
    )


def torch_score(model: ReaderModel) -> Score:
    """The torch module as the run time's encoder, to compare with."""

    def score(*inputs: Any) -> Any:
        with torch.inference_mode():
            scores, links = model(*(torch.from_numpy(np.ascontiguousarray(i)) for i in inputs))
        return scores.numpy(), links.numpy()

    return score


def onnx_score(path: Path) -> Score:
    """An ONNX file as the run time's encoder, to compare with."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])

    def score(*inputs: Any) -> Any:
        return tuple(session.run(None, dict(zip(INPUTS, inputs, strict=True))))

    return score


def calibrate(reader: Reader, data: Path) -> dict[str, float]:
    """One temperature a head (Guo et al., ICML 2017): the one that makes the development answers likeliest.

    Entities and attribution keep 1: their probability is a mean over words, not one softmax.
    """
    sentences = [s for f in ("dev_rw", "dev_mt") for s in read_newsmtsc(reader.tokenizer, data / f"newsmtsc/{f}.jsonl")]
    polarity = np.concatenate(reader.polarity([s.text for s in sentences], [s.chars for s in sentences]))
    pairs = [
        *read_perspectrum(reader.tokenizer, data / "perspectrum/dev.jsonl"),
        *read_gwsd(reader.tokenizer, data / "gwsd/train.jsonl")[1],
    ]
    stance = reader.stance([p.passage for p in pairs], [p.proposition for p in pairs])
    golds = {
        "polarity": (polarity, np.array([p for s in sentences for p in s.polarity])),
        "stance": (stance, np.array([int(np.argmax(p.stance)) for p in pairs])),
    }
    temperatures = dict.fromkeys(HEADS, 1.0)
    for head, (answers, gold) in golds.items():
        log = np.log(answers + 1e-9)

        def cost(temperature: float, log: FloatArray = log, gold: Any = gold) -> float:
            return float(-np.log(softmax(log / temperature)[np.arange(len(gold)), gold] + 1e-9).mean())

        temperatures[head] = min((round(0.7 + 0.05 * i, 2) for i in range(50)), key=cost)
    return temperatures


def export(run: Path, encoder: Path, data: Path, out: Path) -> dict[str, Any]:
    """Write `reader.onnx`, `tokenizer.json` and `card.json` to `out`; returns the card."""
    out.mkdir(parents=True, exist_ok=True)
    model, tokenizer = load_model(run, encoder), load_tokenizer(encoder)
    full = run / "full.onnx"
    to_onnx(model, full)
    to_int8(full, out / "reader.onnx")
    tokenizer.save(str(out / "tokenizer.json"))
    digests = {
        name: hashlib.sha256((out / name).read_bytes()).hexdigest() for name in ("reader.onnx", "tokenizer.json")
    }
    card: dict[str, Any] = {
        "revision": digests["reader.onnx"][:12],
        "languages": ["en"],
        "sha256": digests,
        "heads": HEADS,
        "link_width": LINK,
        "window": WINDOW,
        "overlap": OVERLAP,
        "thresholds": THRESHOLDS,
        "temperatures": dict.fromkeys(HEADS, 1.0),
        "encoder": ENCODER,
        "trained_on": TRAINED_ON,
        "training": json.loads((run / "config.json").read_text(encoding="utf-8")),
    }
    int8 = onnx_score(out / "reader.onnx")
    card["temperatures"] = calibrate(Reader(int8, tokenizer, card), data)
    figures = {
        name: evaluate(Reader(score, tokenizer, card), data)
        for name, score in (("torch fp32", torch_score(model)), ("onnx fp32", onnx_score(full)), ("onnx int8", int8))
    }
    for rows in zip(*figures.values(), strict=True):
        values = "  ".join(f"{name} {row['value']:8.4f}" for name, row in zip(figures, rows, strict=True))
        print(f"{rows[0]['dataset']:12} {rows[0]['split']:24} {rows[0]['metric']:18} {values}", flush=True)
    card["eval_scores"] = figures["onnx int8"]
    (out / "card.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    return card


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("run", "encoder", "data", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    arguments = parser.parse_args()
    export(arguments.run, arguments.encoder, arguments.data, arguments.out)


if __name__ == "__main__":
    main()

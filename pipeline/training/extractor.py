"""How the weights of `pipeline.extractor` came to be: pages with their true text to a few small networks.

    python -m pipeline.training.extractor FOLDER [--check]

FOLDER holds `ground-truth.json` (per page `articleBody` and `url`) and `html/<page>.html.gz`, as the article extraction
benchmark of Scrapinghub has them. `--check` writes nothing and prints how well lines are found on pages of sites that
took no part in training.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import torch
from torch import nn

import pipeline.extractor
from pipeline.extractor import SURE, Floats, describe, heading_of, read_lines, score
from pipeline.stages.normalise import parse, stated_by

WEIGHTS = Path(pipeline.extractor.__file__).with_name("weights.npz")
NETWORKS, HIDDEN = 3, 32
"""Networks whose mean decides, and units in the one hidden layer of each."""
EPOCHS, BATCH = 40, 512
LEARNING_RATE, WEIGHT_DECAY = 3e-3, 0.1
DROPPED_INPUTS, DROPPED_UNITS = 0.1, 0.3
FOLDS = 10
SAME_TEMPLATE = 0.3
"""Share of class names that two pages of one template have in common (Jaccard): papers of one publisher."""
MATCHED = 0.5
"""Share of a line's words that stand in the true text, in order, from which the line is part of it."""


@dataclass(frozen=True)
class Example:
    """One page: its features, which lines are story, and what each weighs: its words, as a share of the story's."""

    page: str
    site: str
    classes: frozenset[str]
    features: Floats
    is_story: Floats
    weight: Floats


def examples_of(folder: Path) -> list[Example]:
    """The pages of the folder."""
    truth = json.loads((folder / "ground-truth.json").read_text(encoding="utf-8"))
    return [_example(folder, page, entry) for page, entry in sorted(truth.items())]


def _example(folder: Path, page: str, entry: dict[str, str]) -> Example:
    tree = parse(gzip.decompress((folder / "html" / f"{page}.html.gz").read_bytes()).decode("utf-8", "replace"))
    assert tree is not None
    stated, lines = stated_by(tree), read_lines(tree)
    kept, features = describe(lines, heading_of(lines, stated.titles), stated.body)
    words = [re.findall(r"\w+", lines.texts[i]) for i in range(len(lines.texts))]
    owner = np.repeat(np.arange(len(words)), [len(w) for w in words])
    matcher = SequenceMatcher(
        None, [w for line in words for w in line], re.findall(r"\w+", entry["articleBody"]), False
    )
    hits = np.zeros(len(words))
    for start, _, size in matcher.get_matching_blocks():
        np.add.at(hits, owner[start : start + size], 1)
    counts = np.array([len(w) for w in words], float)
    weight = np.minimum((counts + 0.5) / max(1.0, hits.sum()), 1)
    return Example(
        page,
        (urlsplit(entry["url"]).hostname or "").removeprefix("www."),
        frozenset(lines.classes),
        features,
        (hits >= MATCHED * np.maximum(counts, 1)).astype(float)[kept],
        weight[kept],
    )


def train(examples: Iterable[Example], seed: int = 0) -> dict[str, Floats]:
    """The weights that `pipeline.extractor` reads; the same for the same examples and seed."""
    examples = list(examples)
    inputs = np.vstack([e.features for e in examples])
    mean, deviation = inputs.mean(axis=0), inputs.std(axis=0) + 1e-3
    x = torch.tensor(np.clip((inputs - mean) / deviation, -4, 4), dtype=torch.float32)
    y = torch.tensor(np.concatenate([e.is_story for e in examples]), dtype=torch.float32)
    weight = torch.tensor(np.concatenate([e.weight for e in examples]), dtype=torch.float32)
    weight /= weight.mean()
    networks = [_network(x, y, weight, NETWORKS * seed + n) for n in range(NETWORKS)]
    parts = [[p.detach().numpy().astype(np.float64) for p in network.parameters()] for network in networks]
    return {
        "mean": mean,
        "deviation": deviation,
        "hidden": np.hstack([hidden.T for hidden, *_ in parts]),
        "hidden_bias": np.concatenate([bias for _, bias, *_ in parts]),
        "out": np.concatenate([out[0] for *_, out, _ in parts]) / NETWORKS,
        "out_bias": np.mean([bias[0] for *_, bias in parts]),
    }


def _network(x: torch.Tensor, y: torch.Tensor, weight: torch.Tensor, seed: int) -> nn.Module:
    torch.manual_seed(seed)
    network = nn.Sequential(
        nn.Dropout(DROPPED_INPUTS),
        nn.Linear(x.shape[1], HIDDEN),
        nn.ReLU(),
        nn.Dropout(DROPPED_UNITS),
        nn.Linear(HIDDEN, 1),
    )
    optimiser = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    steps = EPOCHS * -(-len(x) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, total_steps=steps)
    loss_of = nn.BCEWithLogitsLoss(reduction="none")
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(x)).split(BATCH):
            optimiser.zero_grad()
            (loss_of(network(x[batch]).squeeze(-1), y[batch]) * weight[batch]).mean().backward()
            optimiser.step()
            schedule.step()
    return network.eval()


def folds(examples: list[Example]) -> Iterator[tuple[list[Example], list[Example]]]:
    """Training and held-out pages, ten times: no site and no template is in both."""
    group = list(range(len(examples)))
    for one in range(len(examples)):
        for other in range(one):
            a, b = examples[one], examples[other]
            shared = len(a.classes & b.classes) / max(1, len(a.classes | b.classes))
            if a.site == b.site or shared >= SAME_TEMPLATE:
                old, new = sorted((group[one], group[other]), reverse=True)
                group = [new if g == old else g for g in group]
    order = {g: n % FOLDS for n, g in enumerate(sorted(set(group), key=lambda g: examples[g].page))}
    for fold in range(FOLDS):
        held_out = [order[g] == fold for g in group]
        yield (
            [e for e, out in zip(examples, held_out, strict=True) if not out],
            [e for e, out in zip(examples, held_out, strict=True) if out],
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    examples = examples_of(arguments.folder)
    if not arguments.check:
        weights = train(examples)
        np.savez_compressed(WEIGHTS, **{name: value.astype(np.float32) for name, value in weights.items()})  # type: ignore[arg-type]
        print(f"{WEIGHTS}: {len(examples)} pages, {sum(len(e.weight) for e in examples)} lines")
        return
    right = total = 0.0
    for training, held_out in folds(examples):
        weights = train(training)
        for example in held_out:
            probabilities = score(example.features, weights)
            right += example.weight @ ((probabilities >= SURE) == example.is_story)
            total += example.weight.sum()
    print(f"lines on the right side, by words: {right / total:.4f}")


if __name__ == "__main__":
    main()

"""How right a reader is on the development sets, by the same code that reads at run time.

    python -m pipeline.training.evaluate --data DATA [--reader FOLDER]

Formulas: span F1 as conlleval (exact span and type, micro); token F1 over words, micro over articles (for an article
with several annotators the mean over them); macro-F1 over the classes that the set annotates; expected calibration
error with 15 equal-width bins (Guo et al., ICML 2017), and beside it what chance alone would make of it; name bias: the
probability that moves from one polarity to another (total variation distance) when a target's name is swapped for
somebody else's, mean over sentences.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.gazetteer import load_gazetteer
from pipeline.reader import VOICES, Reader, load_reader
from pipeline.reader.decode import word_starts
from pipeline.reader.tokens import tokenize
from pipeline.training.data import (
    NAME,
    Judged,
    Targets,
    names_by_length,
    read_conll,
    read_gwsd,
    read_newsmtsc,
    read_perspectrum_dev,
    read_polnear,
    read_press,
    renamed,
)

# Sentences on which name bias is measured.
RENAMED = 500

Span = tuple[int, int]
Array = npt.NDArray[Any]


def f1(right: float, predicted: float, gold: float) -> float:
    """Harmonic mean of precision and recall, 0 to 100."""
    return 200 * right / (predicted + gold) if predicted + gold else 0.0


def macro_f1(gold: Array, predicted: Array, classes: Iterable[int]) -> float:
    """Mean of the classes' F1, 0 to 100."""
    return float(
        np.mean(
            [f1(((gold == c) & (predicted == c)).sum(), (predicted == c).sum(), (gold == c).sum()) for c in classes]
        )
    )


def calibration_error(confidence: Array, right: Array) -> float:
    """Expected calibration error, 0 to 1."""
    bins = np.minimum((confidence * 15).astype(int), 14)
    return float(sum(abs(confidence[bins == b].sum() - right[bins == b].sum()) for b in range(15)) / len(confidence))


def chance_error(confidence: Array, draws: int = 200) -> float:
    """What the calibration error of so many answers would be if their probabilities were true: few answers in a bin are
    seldom as many right as they should be. Mean over simulated outcomes (Bröcker & Smith, 2007)."""
    rng = np.random.default_rng(7)
    outcomes = rng.random((draws, len(confidence))) < confidence
    return float(np.mean([calibration_error(confidence, right.astype(float)) for right in outcomes]))


def _calibration(confidence: Array, right: Array) -> dict[str, float]:
    return {"ece": calibration_error(confidence, right), "ece_chance": chance_error(confidence)}


def correction(answers: Array, gold: Array, weight: Array | None = None) -> dict[str, Any]:
    """The probabilistic adjusted count (Bella et al., ICDM 2010): with C the mean answer for each true class, the
    shares behind a mean answer q solve C' p = q.

    Args:
        answers: (items, 3) probabilities.
        gold: (items,) true classes, 0 to 2.
        weight: (items,) how many items each stands for; all the same where None.

    Returns:
        `weights`, for each class and for the score (last class less first), of the three probabilities; `variances`,
        likewise, what each true class adds to the variance because C was measured on few items; `sizes` of the classes.
    """
    weight = np.ones(len(gold)) if weight is None else weight
    of_class = [weight * (gold == c) / max(weight[gold == c].sum(), 1e-9) for c in range(3)]
    # A class that has no item is taken to be read rightly: nothing is known against it.
    means = np.stack([w @ answers if w.any() else np.eye(3)[c] for c, w in enumerate(of_class)])
    inverse = np.linalg.inv(means.T.astype(np.float64))
    weights = np.vstack([inverse, inverse[2] - inverse[0]])
    corrected = answers @ weights.T
    # A weighted mean of n items is as sure as one of 1 / sum(w^2) unweighted ones (Kish 1965).
    variances = np.stack([w @ (corrected - w @ corrected) ** 2 * (w**2).sum() for w in of_class], axis=1)
    names = ("first", "neutral", "last", "score")
    return {
        "weights": {n: [round(float(x), 6) for x in row] for n, row in zip(names, weights, strict=True)},
        "variances": {n: [round(float(x), 8) for x in row] for n, row in zip(names, variances, strict=True)},
        "sizes": [int((gold == c).sum()) for c in range(3)],
    }


def score_entities(reader: Reader, path: Path) -> dict[str, float]:
    """Span F1 on CoNLL-2003, each news story read as one text."""
    confidence, is_right, gold = judged_entities(reader, path)
    return {
        "span_f1": f1(is_right.sum(), len(is_right), gold),
        **_calibration(confidence, is_right),
        "size": gold,
    }


def judged_entities(reader: Reader, path: Path) -> tuple[Array, Array, int]:
    """The probability of each mention found, whether it is right (1 or 0), and how many there are to find."""
    confidence, is_right = [], []
    texts, golds = [], []
    for document in read_conll(path):
        at, spans, parts = 0, set(), []
        start: int | None = None
        kind = ""
        for word, tag in (w for s in document for w in [*s, ("", "O")]):
            if start is not None and not tag.startswith("I-"):
                spans.add((start, at - 1, kind))
                start = None
            if not word:
                continue
            if tag.startswith("B-"):
                start, kind = at, tag[2:]
            parts.append(word)
            at += len(word) + 1
        texts.append(" ".join(parts))
        golds.append(spans)
    mentions = reader.read(texts).mentions
    for text, s, e, t, p in mentions.select("text", "start", "end", "type", "probability").iter_rows():
        confidence.append(p)
        is_right.append((s, e, t) in golds[text])
    return np.array(confidence), np.array(is_right, dtype=float), sum(map(len, golds))


def score_attribution(reader: Reader, folder: Path) -> dict[str, float]:
    """Token F1 of content, source and cue; F1 of statements whose content overlaps a gold one by 0.8 (Jaccard over
    words); of those with a gold source, the share whose speaker overlaps it (by half of the words of the shorter)."""
    return judged_attribution(reader, folder)[0]


def judged_attribution(reader: Reader, folder: Path) -> tuple[dict[str, float], Array, Array]:
    """The figures, the probability of each statement found, and whether it is right (1 or 0)."""
    articles = list(read_polnear(folder))
    reading = reader.read([text for _, text, _ in articles])
    totals = {k: np.zeros(3) for k in ("content", "source", "cue", "statement")}
    speakers = np.zeros(2)
    confidence, is_right = [], []
    by_text: dict[int, list[dict[str, Any]]] = {}
    for row in reading.statements.iter_rows(named=True):
        by_text.setdefault(row["text"], []).append(row)
    for index, (_, text, annotators) in enumerate(articles):
        words = _words(reader, text)
        predicted = [
            {
                "content": _cover(words, [(c["start"], c["end"]) for c in row["content"]]),
                "source": _cover(words, [(row["speaker_start"], row["speaker_end"])]),
                "cue": _cover(words, [(row["cue_start"], row["cue_end"])]),
                "probability": row["probability"],
            }
            for row in by_text.get(index, [])
        ]
        for attributions in annotators:
            share = 1 / len(annotators)
            gold = [{k: _cover(words, getattr(a, k)) for k in ("content", "source", "cue")} for a in attributions]
            for key in ("content", "source", "cue"):
                g, p = (set().union(*(s[key] for s in side)) if side else set() for side in (gold, predicted))
                totals[key] += share * np.array([len(g & p), len(p), len(g)])
            taken: set[int] = set()
            for p_ in predicted:
                overlaps = [
                    (len(p_["content"] & g_["content"]) / max(1, len(p_["content"] | g_["content"])), j)
                    for j, g_ in enumerate(gold)
                    if j not in taken
                ]
                best, j = max(overlaps, default=(0.0, -1))
                confidence.append(p_["probability"])
                is_right.append(best >= 0.8)
                if best < 0.8:
                    continue
                taken.add(j)
                totals["statement"][0] += share
                if gold[j]["source"]:
                    shorter = min(len(gold[j]["source"]), len(p_["source"]))
                    overlap = len(gold[j]["source"] & p_["source"])
                    speakers += share * np.array([shorter > 0 and overlap >= shorter / 2, 1])
            totals["statement"][1:] += share * np.array([len(predicted), len(gold)])
    out = {f"{k}_f1": f1(*v) for k, v in totals.items()}
    out["speaker_accuracy"] = 100 * speakers[0] / speakers[1] if speakers[1] else 0.0
    sure, right = np.array(confidence), np.array(is_right, dtype=float)
    return out | _calibration(sure, right) | {"size": float(totals["statement"][2])}, sure, right


def _words(reader: Reader, text: str) -> list[Span]:
    tokens = tokenize(reader.tokenizer, [text])[0]
    starts = word_starts(tokens)
    ends = np.append(starts[1:], len(tokens)) - 1
    return list(zip(tokens.offsets[starts, 0].tolist(), tokens.offsets[ends, 1].tolist(), strict=True))


def _cover(words: Sequence[Span], spans: Iterable[tuple[int | None, int | None]]) -> set[int]:
    """Words, punctuation included, that lie in the spans."""
    begin = np.array([w[0] for w in words])
    out: set[int] = set()
    for start, end in spans:
        if start is not None and end is not None:
            out.update(range(int(np.searchsorted(begin, start)), int(np.searchsorted(begin, end))))
    return out


def score_polarity(reader: Reader, path: Path) -> dict[str, float]:
    """Macro-F1 over negative, neutral, positive on NewsMTSC."""
    sentences = read_newsmtsc(reader.tokenizer, path)
    answers = np.concatenate(reader.polarity([s.text for s in sentences], [s.chars for s in sentences]))
    return _classes(np.array([p for s in sentences for p in s.polarity]), answers, range(3))


def score_press(reader: Reader, path: Path, voice: str) -> dict[str, float]:
    """Accuracy and macro-F1 over the classes on judged mentions of press texts, as the reader reads such a voice."""
    judged, answers = read_judged(reader, path, voice)
    gold, weight = np.array([j.polarity for j in judged]), np.array([j.weight for j in judged])
    predicted = answers.argmax(axis=1)

    def total(of: Array) -> float:
        return float(weight[of].sum())

    scores = [f1(total((gold == c) & (predicted == c)), total(predicted == c), total(gold == c)) for c in range(3)]
    return {
        "accuracy": 100 * total(gold == predicted) / float(weight.sum()),
        "macro_f1": float(np.mean(scores)),
        "size": len(judged),
    }


def read_judged(reader: Reader, path: Path, voice: str) -> tuple[list[Judged], Array]:
    """Judged mentions of press texts and (mentions, 3) the reader's probabilities for such a voice, own or quoted."""
    judged = read_press(path)
    answers = reader.polarity([j.text for j in judged], [[(j.start, j.end)] for j in judged], voice=voice)
    return judged, np.concatenate(answers)


def score_name_bias(reader: Reader, paths: Sequence[Path]) -> dict[str, float]:
    """How far polarity moves when a target gets another name: known people's, of as many words."""
    rng = random.Random(7)
    people = [n for t, n in load_gazetteer().select("type", "name").iter_rows() if t == "PER"]
    pool = names_by_length([*people, *(n.split()[-1] for n in people)])
    before: list[tuple[Targets, int]] = []
    after: list[tuple[Targets, int]] = []
    for sentence in (s for path in paths for s in read_newsmtsc(reader.tokenizer, path)):
        for which, (start, end) in enumerate(sentence.chars):
            old = sentence.text[start:end]
            if NAME.fullmatch(old) and old.count(" ") in pool and len(before) < RENAMED:
                other = renamed(reader.tokenizer, sentence, which, rng.choice(pool[old.count(" ")]))
                if other is not sentence:
                    before.append((sentence, which))
                    after.append((other, which))
    first, second = (
        np.concatenate(reader.polarity([s.text for s, _ in side], [[s.chars[which]] for s, which in side]))
        for side in (before, after)
    )
    return {"mean_change": float(np.abs(first - second).sum(axis=1).mean() / 2), "size": len(before)}


def score_perspectrum(reader: Reader, folder: Path) -> dict[str, float]:
    """Macro-F1 over against and favour on Perspectrum's new perspectives; a neutral answer is a wrong one."""
    pairs = read_perspectrum_dev(reader.tokenizer, folder)
    answers = reader.stance([p.passage for p in pairs], [p.proposition for p in pairs])
    gold = np.array([int(np.argmax(p.stance)) for p in pairs])
    forced = np.where(answers[:, 0] > answers[:, 2], 0, 2)
    return _classes(gold, answers, (0, 2)) | {"macro_f1_two_way": macro_f1(gold, forced, (0, 2))}


def score_gwsd(reader: Reader, path: Path) -> dict[str, float]:
    """Macro-F1 over against, neutral, favour on our own development split of GWSD."""
    pairs = read_gwsd(reader.tokenizer, path)[1]
    answers = reader.stance([p.passage for p in pairs], [p.proposition for p in pairs])
    return _classes(np.array([int(np.argmax(p.stance)) for p in pairs]), answers, range(3))


def _classes(gold: Array, answers: Array, classes: Iterable[int]) -> dict[str, float]:
    predicted = answers.argmax(axis=1)
    return {
        "macro_f1": macro_f1(gold, predicted, classes),
        **_calibration(answers.max(axis=1), (predicted == gold).astype(float)),
        "size": len(gold),
    }


def evaluate(reader: Reader, data: Path) -> list[dict[str, Any]]:
    """A row for each figure: reading, dataset, split, metric, value, size."""
    newsmtsc = [data / f"newsmtsc/{split}.jsonl" for split in ("dev_rw", "dev_mt")]
    rows = []
    for reading, dataset, split, figures in (
        ("entities", "conll2003", "testa", score_entities(reader, data / "conll2003/eng.testa")),
        ("attribution", "polnear", "dev", score_attribution(reader, data / "polnear/dev")),
        ("polarity", "newsmtsc", "dev_rw", score_polarity(reader, newsmtsc[0])),
        ("polarity", "newsmtsc", "dev_mt", score_polarity(reader, newsmtsc[1])),
        ("name bias", "newsmtsc", "dev_rw and dev_mt, names swapped", score_name_bias(reader, newsmtsc)),
        *(
            (
                "polarity",
                "press",
                f"own labels, {voice} voice",
                score_press(reader, data / f"press/{voice}.jsonl", voice),
            )
            for voice in VOICES
            if (data / f"press/{voice}.jsonl").exists()
        ),
        ("stance", "perspectrum", "dev, perspectives not in train", score_perspectrum(reader, data / "perspectrum")),
        ("stance", "gwsd", "own split, 250 of train", score_gwsd(reader, data / "gwsd/train.jsonl")),
    ):
        size = int(figures.pop("size"))
        for metric, value in figures.items():
            row = {"reading": reading, "dataset": dataset, "split": split, "metric": metric}
            rows.append(row | {"value": round(value, 4), "size": size})
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--reader", type=Path)
    arguments = parser.parse_args()
    for row in evaluate(load_reader(arguments.reader), arguments.data):
        print(json.dumps(row))


if __name__ == "__main__":
    main()

"""The training sets, read from a data folder into pieces and labels. Where each is obtained: docs/reader.md."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from pipeline.reader.tokens import IntArray, Tokens, tokenize

TYPES = ("PER", "ORG", "LOC", "MISC")
ENTITY_TAGS = ("O", *(f"{p}-{t}" for t in TYPES for p in "BI"))
SPAN_TAGS = ("O", "B", "I")
IGNORE = -100

# Which of our four types a type of CrossNER's politics domain is.
CROSSNER = {
    "person": "PER", "politician": "PER", "organisation": "ORG", "politicalparty": "ORG", "location": "LOC",
    "country": "LOC", "event": "MISC", "election": "MISC", "misc": "MISC",
}  # fmt: skip

# Typographic to plain: what a page's typesetting may or may not have done to the same words.
PLAIN = {"“": '"', "”": '"', "‘": "'", "’": "'", "—": "-", "–": "-"}


@dataclass
class Document:
    """One text's pieces with labels per piece; a label array is absent where its task was not annotated."""

    text: str
    tokens: Tokens
    labels: dict[str, IntArray] = field(default_factory=dict)


@dataclass(frozen=True)
class Attribution:
    """One gold statement: code point spans."""

    cue: tuple[tuple[int, int], ...]
    source: tuple[tuple[int, int], ...]
    content: tuple[tuple[int, int], ...]


@dataclass
class Targets:
    """One sentence with targets: spans in pieces and their polarity (0 negative, 1 neutral, 2 positive)."""

    text: str
    tokens: Tokens
    spans: list[tuple[int, int]]
    chars: list[tuple[int, int]]
    polarity: list[int]


@dataclass
class Pair:
    """A passage and a proposition, with the distribution (against, neutral, favour)."""

    passage: str
    proposition: str
    stance: tuple[float, float, float]
    tokens: tuple[Tokens, Tokens]


# --- entities --------------------------------------------------------------------------------------------------------


def read_conll(path: Path) -> list[list[list[tuple[str, str]]]]:
    """Documents of sentences of (word, IOB2 tag) from CoNLL-2003 columns (IOB1 in the last)."""
    documents: list[list[list[tuple[str, str]]]] = []
    sentence: list[tuple[str, str]] = []
    for line in [*path.read_text(encoding="utf-8").splitlines(), ""]:
        if line.startswith("-DOCSTART-"):
            documents.append([])
        elif line.strip():
            columns = line.split()
            tag, before = columns[-1], sentence[-1][1] if sentence else "O"
            if tag.startswith("I-") and before[2:] != tag[2:]:
                tag = "B-" + tag[2:]
            sentence.append((columns[0], tag))
        elif sentence:
            documents[-1].append(sentence)
            sentence = []
    return [d for d in documents if d]


def read_crossner(path: Path) -> list[list[tuple[str, str]]]:
    """Sentences of (word, IOB2 tag in our four types)."""
    sentences: list[list[tuple[str, str]]] = [[]]
    for line in path.read_text(encoding="utf-8").splitlines():
        if "\t" in line:
            word, tag = line.split("\t")
            sentences[-1].append((word, tag if tag == "O" else f"{tag[:2]}{CROSSNER[tag[2:]]}"))
        elif sentences[-1]:
            sentences.append([])
    return [s for s in sentences if s]


def entity_document(tokenizer: Tokenizer, words: Sequence[tuple[str, str]]) -> Document:
    """Words joined by spaces, tagged per piece: the first piece of a B- word is B, all else of the entity is I."""
    text = " ".join(w for w, _ in words)
    tokens = tokenize(tokenizer, [text])[0]
    tag_at = np.zeros(len(text) + 1, dtype=np.int64)
    begins = np.zeros(len(text) + 1, dtype=bool)
    at = 0
    for word, tag in words:
        if tag != "O":
            tag_at[at : at + len(word)] = ENTITY_TAGS.index("I-" + tag[2:])
            begins[at] = tag.startswith("B-")
        at += len(word) + 1
    starts = tokens.offsets[:, 0]
    return Document(text, tokens, {"entity": np.where(begins[starts], tag_at[starts] - 1, tag_at[starts])})


def conll_documents(tokenizer: Tokenizer, path: Path) -> list[Document]:
    """One document of pieces for each news story, so that a sentence is read in its context."""
    return [entity_document(tokenizer, [w for s in d for w in s]) for d in read_conll(path)]


# --- attribution -----------------------------------------------------------------------------------------------------


def read_polnear(folder: Path) -> Iterator[tuple[str, str, list[list[Attribution]]]]:
    """(name, text, one list of attributions for each annotator) of each article of a PolNeAR compartment."""
    for path in sorted((folder / "text").glob("*.txt")):
        text = path.read_bytes().decode("utf-8")
        annotators = [_attributions(a) for a in sorted((folder / "attributions").glob(f"{path.stem}_*.ann"))]
        yield path.stem, text, [a for a in annotators if a]


def _attributions(path: Path) -> list[Attribution]:
    spans: dict[str, tuple[tuple[int, int], ...]] = {}
    events: list[dict[str, tuple[tuple[int, int], ...]]] = []
    for line in path.read_bytes().decode("utf-8").split("\n"):
        columns = line.split("\t")
        if re.fullmatch(r"T\d+", columns[0]):
            spans[columns[0]] = tuple(
                (int(a), int(b)) for a, b in (s.split() for s in columns[1].split(" ", 1)[1].split(";"))
            )
        elif re.fullmatch(r"E\d+", columns[0]):
            event: dict[str, tuple[tuple[int, int], ...]] = {}
            for argument in columns[1].split():
                role, name = argument.split(":")
                role = role.rstrip("0123456789")
                # A few files name a span that they do not hold.
                event[role] = event.get(role, ()) + spans.get(name, ())
            events.append(event)
    return [
        Attribution(e["Cue"], e.get("Source", ()), tuple(sorted(e["Content"])))
        for e in events
        if e.get("Cue") and e.get("Content")
    ]


def attribution_document(text: str, tokens: Tokens, attributions: Sequence[Attribution]) -> Document:
    """Tags of cue, source and content per piece, and the links: which cue a content piece is said with (its first
    piece), and which source a cue has (its first piece; the cue itself where it has none)."""
    n = len(tokens)
    labels = {k: np.zeros(n, dtype=np.int64) for k in ("cue", "source", "content")}
    labels["content_cue"] = np.full(n, IGNORE, dtype=np.int64)
    labels["cue_source"] = np.full(n, IGNORE, dtype=np.int64)
    # Longer content first: a statement inside another one overwrites the outer one where it stands.
    for a in sorted(attributions, key=lambda a: -sum(e - s for s, e in a.content)):
        cue = [tokens.pieces(s, e) for s, e in a.cue]
        head = cue[0][0]
        if head >= n:
            continue
        for key, spans in (("cue", a.cue), ("source", a.source), ("content", a.content)):
            for start, end in (tokens.pieces(s, e) for s, e in spans):
                labels[key][start:end] = 2
                if start < end:
                    labels[key][start] = 1
                if key == "content":
                    labels["content_cue"][start:end] = head
        source = [tokens.pieces(s, e) for s, e in a.source]
        labels["cue_source"][head] = source[0][0] if source and source[0][0] < n else head
    return Document(text, tokens, labels)


# --- polarity --------------------------------------------------------------------------------------------------------


def read_newsmtsc(tokenizer: Tokenizer, path: Path) -> list[Targets]:
    """Sentences with targets; polarity comes as 2/4/6 or -1/0/1."""
    out = []
    for line in path.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        text = record["sentence_normalized"]
        tokens = tokenize(tokenizer, [text])[0]
        chars = [(t["from"], t["to"]) for t in record["targets"]]
        spans = [tokens.pieces(s, e) for s, e in chars]
        polarity = [{2: 0, 4: 1, 6: 2, -1: 0, 0: 1, 1: 2}[int(t["polarity"])] for t in record["targets"]]
        out.append(Targets(text, tokens, spans, chars, polarity))
    return out


# --- stance ----------------------------------------------------------------------------------------------------------


def read_perspectrum(tokenizer: Tokenizer, path: Path) -> list[Pair]:
    """(perspective, claim) pairs, SUPPORT or UNDERMINE."""
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    stance = {"SUPPORT": (0.0, 0.0, 1.0), "UNDERMINE": (1.0, 0.0, 0.0)}
    return make_pairs(tokenizer, [(r["perspective"], r["claim"], stance[r["stance"]]) for r in records])


def read_gwsd(tokenizer: Tokenizer, path: Path, held_out: int = 250) -> tuple[list[Pair], list[Pair]]:
    """News sentences on global warming with the annotators' distribution: (train, our own development split)."""
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    random.Random(13).shuffle(records)
    rows = [(r["sentence"], r["target"], (r["disagree"], r["neutral"], r["agree"])) for r in records]
    pairs = make_pairs(tokenizer, rows)
    return pairs[:-held_out], pairs[-held_out:]


def make_pairs(tokenizer: Tokenizer, rows: Sequence[tuple[str, str, tuple[float, float, float]]]) -> list[Pair]:
    """Tokenized pairs of (passage, proposition, distribution)."""
    passages = tokenize(tokenizer, [r[0] for r in rows])
    propositions = tokenize(tokenizer, [r[1] for r in rows])
    return [Pair(r[0], r[1], r[2], t) for r, t in zip(rows, zip(passages, propositions, strict=True), strict=True)]

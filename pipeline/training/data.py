"""The training sets, read from a data folder into pieces and labels. Where each is obtained: docs/reader.md."""

from __future__ import annotations

import csv
import gzip
import json
import random
import re
from collections.abc import Iterable, Iterator, Sequence
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
    voice: str = ""
    """Of a press mention whose words these are: own or quoted."""


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


class Names:
    """Names by type, to put in the place of others: a name is known by its form and by the words around it, and a
    polarity by the words around a name, never by whose name it is."""

    def __init__(self, documents: Iterable[Sequence[tuple[str, str]]], known: Iterable[tuple[str, str]]) -> None:
        """`documents`: words with their tags; `known`: (type, name) of more names."""
        pools: dict[str, dict[tuple[str, ...], None]] = {t: {} for t in TYPES}
        for words in documents:
            for start, end, kind in entity_ranges(words):
                pools[kind][tuple(w for w, _ in words[start:end])] = None
        for kind, name in known:
            pools[kind][tuple(name.split())] = None
        self.pools = {kind: list(pool) for kind, pool in pools.items()}

    def swapped(self, words: Sequence[tuple[str, str]], share: float, rng: random.Random) -> list[tuple[str, str]]:
        """The words with about `share` of the names replaced by others of their type, each throughout the text."""
        places: dict[tuple[str, ...], tuple[str, ...]] = {}
        out: list[tuple[str, str]] = []
        at = 0
        for start, end, kind in entity_ranges(words):
            name = tuple(w for w, _ in words[start:end])
            if name not in places:
                # A name in capitals stands in a headline or a table, where all names do.
                other = rng.choice(self.pools[kind]) if self.pools[kind] and rng.random() < share else name
                places[name] = tuple(w.upper() for w in other) if "".join(name).isupper() and len(name) > 1 else other
            out += words[at:start]
            out += [(w, ("I-" if i else "B-") + kind) for i, w in enumerate(places[name])]
            at = end
        return [*out, *words[at:]]


def entity_ranges(words: Sequence[tuple[str, str]]) -> Iterator[tuple[int, int, str]]:
    """(start, end, type) of each entity of words with IOB2 tags."""
    start = None
    for i, (_, tag) in enumerate([*words, ("", "O")]):
        if start is not None and not tag.startswith("I-"):
            yield start, i, words[start][1][2:]
            start = None
        if tag.startswith("B-"):
            start = i


def conll_words(path: Path) -> list[list[tuple[str, str]]]:
    """Words with tags, one list for each news story, so that a sentence is read in its context."""
    return [[w for s in d for w in s] for d in read_conll(path)]


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


LINKS = ("content_cue", "cue_source")


def attribution_document(text: str, tokens: Tokens, attributions: Sequence[Attribution]) -> Document:
    """Tags of cue, source and content per piece, and the links as spans of pieces: `content_cue` is the cue that a
    content piece is said with, `cue_source` the source of the cue that begins there (the cue itself where it has none);
    `_from` and `_to` bound it. Where a piece is in no content, or begins no cue, they are IGNORE."""
    n = len(tokens)
    labels = {k: np.zeros(n, dtype=np.int64) for k in ("cue", "source", "content")}
    for link in LINKS:
        for bound in ("from", "to"):
            labels[f"{link}_{bound}"] = np.full(n, IGNORE, dtype=np.int64)
    # Longer content first: a statement inside another one overwrites the outer one where it stands.
    for a in sorted(attributions, key=lambda a: -sum(e - s for s, e in a.content)):
        cue = tokens.pieces(*a.cue[0])
        if cue[0] >= cue[1]:
            continue
        for key, spans in (("cue", a.cue), ("source", a.source), ("content", a.content)):
            for start, end in (tokens.pieces(s, e) for s, e in spans):
                labels[key][start:end] = 2
                if start < end:
                    labels[key][start] = 1
                if key == "content":
                    labels["content_cue_from"][start:end], labels["content_cue_to"][start:end] = cue
        sources = [tokens.pieces(s, e) for s, e in a.source]
        source = sources[0] if sources and sources[0][0] < sources[0][1] else cue
        labels["cue_source_from"][cue[0]], labels["cue_source_to"][cue[0]] = source
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


def read_press_targets(tokenizer: Tokenizer, path: Path) -> list[Targets]:
    """Judged press mentions to train with; none where the file is absent."""
    if not path.exists():
        return []
    out = []
    for line in path.read_text(encoding="utf-8").splitlines():
        r = json.loads(line)
        tokens = tokenize(tokenizer, [r["text"]])[0]
        spans = [tokens.pieces(r["start"], r["end"])]
        out.append(Targets(r["text"], tokens, spans, [(r["start"], r["end"])], [int(r["polarity"])], r["voice"]))
    return out


# A target that is somebody's name, and no pronoun or description: capitalised words.
NAME = re.compile(r"(?!(?:He|She|It|They|I|We|You|His|Her|The)\b)[A-Z][\w.'-]+(?: [A-Z][\w.'-]*){0,3}")


def names_by_length(names: Iterable[str]) -> dict[int, list[str]]:
    """Names in order, by how many spaces they hold: a name is swapped for one of as many words."""
    out: dict[int, list[str]] = {}
    for name in sorted(set(names)):
        out.setdefault(name.count(" "), []).append(name)
    return out


def renamed(tokenizer: Tokenizer, target: Targets, which: int, name: str) -> Targets:
    """The sentence with another name for its target number `which`, wherever the same name stands."""
    start, end = target.chars[which]
    old = target.text[start:end]
    parts: list[str] = []
    shifts: list[tuple[int, int]] = []  # (where an old name ends, how far what follows it moves)
    at = moved = 0
    for found in re.finditer(rf"(?<!\w){re.escape(old)}(?!\w)", target.text):
        parts += [target.text[at : found.start()], name]
        at, moved = found.end(), moved + len(name) - len(old)
        shifts.append((at, moved))
    text = "".join([*parts, target.text[at:]])

    def place(point: int) -> int:
        return point + next((m for e, m in reversed(shifts) if e <= point), 0)

    chars = [(place(s), place(e)) for s, e in target.chars]
    # A target that is part of the old name has no place in the new sentence.
    if text[slice(*chars[which])] != name or any(
        text[s:e] != target.text[a:b] and target.text[a:b] != old
        for (s, e), (a, b) in zip(chars, target.chars, strict=True)
    ):
        return target
    tokens = tokenize(tokenizer, [text])[0]
    return Targets(text, tokens, [tokens.pieces(s, e) for s, e in chars], chars, target.polarity, target.voice)


@dataclass(frozen=True)
class Judged:
    """A mention in a press text, and how an annotator judged the voice that names it: 0 negative, 1 neutral, 2
    positive. `weight` undoes the sampling: classes that the reader finds seldom were drawn more often."""

    text: str
    start: int
    end: int
    polarity: int
    weight: float


def read_press(path: Path) -> list[Judged]:
    """Mentions judged in press texts; none where the file is absent: not everybody has judged some of their press."""
    if not path.exists():
        return []
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [Judged(r["text"], r["start"], r["end"], int(r["polarity"]), float(r["weight"])) for r in records]


# --- stance ----------------------------------------------------------------------------------------------------------

AUXILIARY = re.compile(
    r"\b(should|must|can|could|will|would|may|is|are|was|were|does|do|did)\b( not\b)?", re.IGNORECASE
)


def negated(proposition: str) -> str | None:
    """The opposite proposition: "not" put after its first auxiliary, or taken away; None where it has none."""
    found = AUXILIARY.search(proposition)
    if found is None or found.start() == 0:
        return None
    return proposition[: found.end(1)] + ("" if found[2] else " not") + proposition[found.end() :]


def read_perspectrum(tokenizer: Tokenizer, path: Path) -> list[Pair]:
    """(perspective, claim) pairs, SUPPORT or UNDERMINE."""
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    stance = {"SUPPORT": (0.0, 0.0, 1.0), "UNDERMINE": (1.0, 0.0, 0.0)}
    return make_pairs(tokenizer, [(r["perspective"], r["claim"], stance[r["stance"]]) for r in records])


def read_perspectrum_dev(tokenizer: Tokenizer, folder: Path) -> list[Pair]:
    """The pairs of dev whose perspective is not in train: a third of them stand in both, under a claim in other words
    and mostly with the same side. All of dev where no perspective is new."""
    pairs = read_perspectrum(tokenizer, folder / "dev.jsonl")
    known = {p.passage.casefold().strip() for p in read_perspectrum(tokenizer, folder / "train.jsonl")}
    return [p for p in pairs if p.passage.casefold().strip() not in known] or pairs


def read_vast(tokenizer: Tokenizer, path: Path) -> list[Pair]:
    """Comments with a topic of a few words: 0 against, 1 favour, 2 neutral."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        rows = [(r["post"], r["topic_str"], VAST[r["label"]]) for r in csv.DictReader(lines)]
    return make_pairs(tokenizer, [(" ".join(post.split()), topic, stance) for post, topic, stance in rows])


def read_arguments(tokenizer: Tokenizer, path: Path) -> list[Pair]:
    """Arguments with the proposition that they are for or against (IBM-ArgQ-Rank-30k)."""
    with path.open(encoding="utf-8", newline="") as lines:
        rows = [(r["argument"], r["topic"], VAST["1" if r["stance_WA"] == "1" else "0"]) for r in csv.DictReader(lines)]
    return make_pairs(tokenizer, rows)


VAST = {"0": (1.0, 0.0, 0.0), "1": (0.0, 0.0, 1.0), "2": (0.0, 1.0, 0.0)}


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

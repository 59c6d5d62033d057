"""Annotated articles as spans: where in the text each form, cue and piece of content stands."""

from __future__ import annotations

import gzip
import json
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from pipeline.evaluation.annotation import find_pieces
from pipeline.labels import CONTEXT, ISSUE_REACH, issue_passage
from pipeline.reader import COMMITMENTS, SIDES
from pipeline.reader.roles import Range, passage, roles
from pipeline.reader.tokens import IntArray, Tokens, tokenize
from pipeline.training.data import ENTITY_TAGS, IGNORE, Attribution, Document, attribution_document

# Code points around the content in which its cue and its speaker are looked for.
REACH_BEFORE, REACH_AFTER = 400, 250
# A side that a fair reader could leave out teaches half as much as a clear one.
ARGUABLE = 0.5
# Pronouns that may mean a target that the passage does not name, by the target's type. Used to train, never to read.
PRONOUNS = {
    "PER": frozenset({"he", "him", "himself", "his", "she", "her", "hers", "herself"}),
    "ORG": frozenset({"it", "its", "itself", "they", "them", "their"}),
    "LOC": frozenset({"it", "its", "itself", "they", "them", "their"}),
    "MISC": frozenset({"it", "its", "itself", "they", "them", "their"}),
}
EVERY_PRONOUN = frozenset().union(*PRONOUNS.values())


@dataclass(frozen=True)
class Said:
    """One annotated statement, in code points of its text."""

    id: str
    content: tuple[Range, ...]
    cue: Range | None
    speaker: Range | None
    key: str
    """The speaker among the article's entities, or `unnamed`."""
    kind: str
    commitment: str
    sides: dict[str, tuple[str, bool]]
    """By target: (against or favour, whether a fair reader could leave it out)."""


@dataclass
class Annotated:
    """One article with its annotation."""

    url: str
    title: str
    text: str
    types: dict[str, str]
    names: dict[str, str]
    forms: dict[str, list[Range]]
    """Every place where an entity is named or described, by its key; no two of them overlap."""
    statements: list[Said]
    issue: dict[str, Any] | None
    voice: list[dict[str, Any]]
    record: dict[str, Any] = field(repr=False, default_factory=dict)


def read_annotated(paths: Iterable[Path]) -> Iterator[Annotated]:
    """Annotated articles of JSON Lines files, plain or compressed, that hold their texts.

    Raises:
        ValueError: a line is not an annotated article; the message says which.
    """
    for path in sorted(paths):
        with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    yield located(json.loads(line))
                except (KeyError, ValueError) as error:
                    raise ValueError(f"{path}:{number} is not an annotated article: {error!r}") from error


def located(record: dict[str, Any]) -> Annotated:
    """The record with every form, cue and content found in its text."""
    text = record["text"]
    entities = record["entities"]
    return Annotated(
        url=record["url"],
        title=record["title"],
        text=text,
        types={e["key"]: e["type"] for e in entities},
        names={e["key"]: e["name"] for e in entities},
        forms=_places(text, entities),
        statements=[s for r in record["statements"] if (s := _said(text, r))],
        issue=record.get("issue"),
        voice=record.get("voice", []),
        record=record,
    )


def _places(text: str, entities: Sequence[dict[str, Any]]) -> dict[str, list[Range]]:
    """Where the entities are named or described; of forms that overlap the longest counts."""
    forms = {form: e["key"] for e in entities for form in (e["name"], *e["forms"]) if form}
    taken = np.zeros(len(text) + 1, dtype=bool)
    places: dict[str, list[Range]] = {e["key"]: [] for e in entities}
    for form in sorted(forms, key=len, reverse=True):
        for found in re.finditer(rf"(?<!\w){re.escape(form)}(?!\w)", text):
            if not taken[found.start() : found.end()].any():
                taken[found.start() : found.end()] = True
                places[forms[form]].append(found.span())
    return {key: sorted(spans) for key, spans in places.items()}


def _said(text: str, record: dict[str, Any]) -> Said | None:
    content = sorted(find_pieces(text, [piece for piece in record["content"] if piece]))
    if not content:
        return None
    cue = _nearest(text, record.get("cue") or "", content, content)
    # A speaker stands beside the cue, and beside the content where there is none.
    speaker = _nearest(text, record.get("speaker_words") or "", [cue] if cue else content, content)
    sides: dict[str, tuple[str, bool]] = {}
    for row in record["toward"]:
        if row["target"] not in sides or not row["arguable"]:
            sides[row["target"]] = (row["side"], bool(row["arguable"]))
    return Said(
        record["id"], tuple(content), cue, speaker, record["speaker"], record["kind"], record["commitment"], sides
    )


def _nearest(text: str, words: str, near: Sequence[Range], content: Sequence[Range]) -> Range | None:
    """The place of the words nearest to any of `near`, outside the content where there is one."""
    if not words:
        return None
    low, high = max(0, content[0][0] - REACH_BEFORE), content[-1][1] + REACH_AFTER
    pattern = re.compile(rf"(?<!\w){re.escape(words)}(?!\w)")
    found = [m.span() for m in pattern.finditer(text, low, min(high, len(text)))]

    def away(span: Range) -> tuple[bool, int]:
        inside = any(s < b and a < e for s, e in [span] for a, b in content)
        return inside, min(max(a - span[1], span[0] - b, 0) for a, b in near)

    return min(found, key=away, default=None)


def is_described(form: str) -> bool:
    """Whether a form describes rather than names: its last word is in lower case."""
    return form.split()[-1].islower()


def document(article: Annotated, tokens: Tokens) -> Document:
    """Tags and links of attribution, as for PolNeAR, and tags of references: descriptions, and pronouns of the third
    person."""
    groups: dict[tuple[tuple[Range, ...], Range], list[Range]] = {}
    loose: list[Said] = []
    for s in article.statements:
        if s.cue is None:
            loose.append(s)
        else:
            # Two speakers under one cue are annotated as two statements: one attribution with two sources.
            groups.setdefault((s.content, s.cue), []).extend([s.speaker] if s.speaker else [])
    attributions = [
        Attribution((cue,), tuple(sorted(set(sources))), content) for (content, cue), sources in groups.items()
    ]
    out = attribution_document(article.text, tokens, attributions)
    for a in attributions:
        if len(a.source) > 1:
            cue, first, last = tokens.pieces(*a.cue[0]), tokens.pieces(*a.source[0]), tokens.pieces(*a.source[-1])
            if cue[0] < cue[1] and 0 < last[1] - first[0] < FAR_APART:
                out.labels["cue_source_from"][cue[0]], out.labels["cue_source_to"][cue[0]] = first[0], last[1]
    for s in loose:  # a tweet, or a quotation that goes on: no cue to link it to
        for start, end in (tokens.pieces(*c) for c in s.content):
            if start < end and not out.labels["content"][start:end].any():
                out.labels["content"][start:end] = 2
                out.labels["content"][start] = 1
    reference = np.zeros(len(tokens), dtype=np.int64)
    for spans in article.forms.values():
        for span in spans:
            if is_described(article.text[slice(*span)]):
                begin, stop = tokens.pieces(*span)
                reference[begin:stop] = 2
                reference[begin : begin + 1] = 1
    for i, (start, end) in enumerate(tokens.offsets.tolist()):
        if article.text[start:end].lower() in EVERY_PRONOUN:
            reference[i] = 1
    out.labels["reference"] = reference
    out.labels["entity"] = _named(article, tokens)
    return out


def _named(article: Annotated, tokens: Tokens) -> IntArray:
    """Tags of the names among the forms; everything else is IGNORE, for not every name of a text is annotated.

    A form is a name if its words are those of the entity's name, or capitals. Titles, articles and adjectives
    ("Russian") are not, because other sets tag them otherwise.
    """
    tags = np.full(len(tokens), IGNORE, dtype=np.int64)
    for key, spans in article.forms.items():
        kind, known = article.types[key], set(article.names[key].split())
        for start, end in spans:
            form = article.text[start:end]
            bare = LEADING.sub("", form)
            is_name = not is_described(form) and "(" not in form and "\n" not in form
            if is_name and bare and (set(bare.split()) <= known or (kind != "PER" and bare.isupper())):
                first, last = tokens.pieces(end - len(bare), end)
                tags[first:last] = ENTITY_TAGS.index(f"I-{kind}")
                tags[first : first + 1] = ENTITY_TAGS.index(f"B-{kind}")
    return tags


LEADING = re.compile(r"^(?:the|a|an|his|her|their|its)\s+", re.IGNORECASE)

# Pieces between the first and the last of joint speakers beyond which they are not taken to be joint.
FAR_APART = 40


@dataclass(frozen=True)
class Referring:
    """A description or pronoun, and every name of its entity in the article: ranges of pieces."""

    at: Range
    names: tuple[Range, ...]


@dataclass(frozen=True)
class Judgement:
    """One statement as its passage is judged. Ranges are pieces of the article."""

    within: tuple[int, int, int]
    roles: IntArray
    commitment: int
    targets: tuple[tuple[tuple[Range, ...], int, float], ...]
    """(where it is named, index into `SIDES`, weight)."""


@dataclass
class Lesson:
    """An annotated article as the reader learns from it."""

    article: Annotated
    document: Document
    judgements: list[Judgement]
    references: list[Referring]


def lesson(tokenizer: Tokenizer, article: Annotated, ends: frozenset[int]) -> Lesson:
    """Pieces and labels of one article; `ends`: ids of the pieces that end a sentence."""
    (tokens,) = tokenize(tokenizer, [article.text])
    return Lesson(
        article, document(article, tokens), judgements(article, tokens, ends), list(_references(article, tokens))
    )


def judgements(article: Annotated, tokens: Tokens, ends: frozenset[int]) -> list[Judgement]:
    """Every statement with the entities that its passage speaks of."""
    stops = np.isin(tokens.ids, sorted(ends))
    out = []
    for s in article.statements:
        if found := judged_passage(article, tokens, stops, s):
            within, own, speaker = found
            content = [tokens.pieces(*c) for c in s.content]
            targets = tuple(_targets(article, tokens, s, within, content, speaker))
            out.append(Judgement(within, own, COMMITMENTS.index(s.commitment), targets))
    return out


def judged_passage(
    article: Annotated, tokens: Tokens, stops: npt.NDArray[np.bool_], said: Said
) -> tuple[tuple[int, int, int], IntArray, Range | None] | None:
    """Where an annotated statement is judged, the role of each piece there, and the pieces of its speaker; None where
    its content holds no piece. `stops`: which pieces end a sentence."""
    content = [p for c in said.content if (p := tokens.pieces(*c))[0] < p[1]]
    if not content:
        return None
    speaker, cue = (tokens.pieces(*x) if x else None for x in (said.speaker, said.cue))
    within = passage(stops, content, [x for x in (speaker, cue) if x])
    nested = [
        tokens.pieces(*c)
        for other in article.statements
        if other is not said and _is_inside(other.content, said.content)
        for c in other.content
    ]
    return within, roles(within, content, speaker, cue, nested), speaker


def _is_inside(inner: Sequence[Range], outer: Sequence[Range]) -> bool:
    size = [sum(e - s for s, e in spans) for spans in (inner, outer)]
    return size[0] < size[1] and all(any(a <= s and e <= b for a, b in outer) for s, e in inner)


def _targets(
    article: Annotated,
    tokens: Tokens,
    said: Said,
    within: tuple[int, int, int],
    content: Sequence[Range],
    speaker: Range | None,
) -> Iterator[tuple[tuple[Range, ...], int, float]]:
    for key, spans in article.forms.items():
        if key == said.key:
            continue
        side, arguable = said.sides.get(key, ("neutral", False))
        at = [p for span in spans if within[0] <= (p := tokens.pieces(*span))[0] < p[1] <= within[2]]
        # The speaker span may name others: "Lund's spokesman". What it is toward them stands in the content.
        outside = [p for p in at if speaker is None or not (speaker[0] <= p[0] and p[1] <= speaker[1])]
        if not outside and side != "neutral" and said.kind != "indirect":
            outside = list(_pronouns(article, tokens, content, within, article.types[key]))
        if outside:
            yield tuple(outside), SIDES.index(side), ARGUABLE if arguable else 1.0


def _pronouns(
    article: Annotated, tokens: Tokens, content: Sequence[Range], within: tuple[int, int, int], kind: str
) -> Iterator[Range]:
    for first, last in content:
        for i in range(first, min(last, within[2])):
            start, end = tokens.offsets[i]
            if article.text[start:end].lower() in PRONOUNS[kind]:
                yield i, i + 1


def issue_pairs(article: Annotated, others: Sequence[str], rng: random.Random) -> Iterator[tuple[str, str, int]]:
    """(passage, proposition, index into `SIDES`) of each statement near a naming of the article's issue; with one of
    the propositions of other articles now and then: about something else nobody takes a side.

    A holder with a side has it shown by one statement; whether their others show it too is not annotated.
    """
    issue = article.issue
    if not issue:
        return
    stands = {r.get("statement"): r["side"] for r in issue["stands"]}
    sided = {r["holder"] for r in issue["stands"] if r["side"] != "neutral"}
    named = re.compile("|".join(rf"\b{re.escape(a)}\b" for a in issue["aliases"]) or r"\Z", re.IGNORECASE)
    for s in article.statements:
        start = min(x[0] for x in (s.speaker, s.cue, s.content[0]) if x)
        said = " … ".join(article.text[a:b] for a, b in s.content)
        cue = article.text[slice(*s.cue)] if s.cue else ""
        words = article.text[slice(*s.speaker)] if s.speaker else ""
        holder = article.names.get(s.key, words)
        text = issue_passage(holder, cue, said, article.text[max(0, start - CONTEXT) : start])
        if s.id in stands:
            yield text, issue["proposition"], SIDES.index(stands[s.id])
        elif (
            s.key not in sided
            and f"unnamed: {words}" not in sided
            and named.search(article.text, max(0, start - ISSUE_REACH), s.content[-1][1])
        ):
            yield text, issue["proposition"], SIDES.index("neutral")
        if rng.random() < STRANGE and (strange := rng.choice(others or [issue["proposition"]])) != issue["proposition"]:
            yield text, strange, SIDES.index("neutral")


# The share of statements that are asked about the issue of another article.
STRANGE = 0.12


def read_written(paths: Iterable[Path]) -> list[tuple[str, str, int]]:
    """(passage, proposition, index into `SIDES`) of statements that were written to teach stands on issues.

    Raises:
        ValueError: a line is not such a statement; the message says which.
    """
    rows = []
    for path in sorted(paths):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    r = json.loads(line)
                    passage = issue_passage(r["holder"], r["cue"], r["said"], r["before"][-CONTEXT:])
                    rows.append((passage, r["proposition"], SIDES.index(r["side"])))
                except (KeyError, TypeError, ValueError) as error:
                    raise ValueError(f"{path}:{number} is not a written statement: {error!r}") from error
    return rows


def _references(article: Annotated, tokens: Tokens) -> Iterator[Referring]:
    names = {
        key: tuple(tokens.pieces(*s) for s in spans if not is_described(article.text[slice(*s)]))
        for key, spans in article.forms.items()
    }
    for key, spans in article.forms.items():
        for span in spans:
            if names[key] and is_described(article.text[slice(*span)]):
                yield Referring(tokens.pieces(*span), names[key])
    for s in article.statements:
        if s.speaker and names.get(s.key) and article.text[slice(*s.speaker)].lower() in EVERY_PRONOUN | {"who"}:
            yield Referring(tokens.pieces(*s.speaker), names[s.key])
